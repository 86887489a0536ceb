//! Editing a job that waits.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use bytes::Bytes;
use serde::Serialize;

use super::{Queue, job_handle::JobHandle, revise::Revision};
use crate::{
    error::Result,
    job::{Codec, DeadLetter, FIRST_VERSION, IntoJob, Job, JobId, JobInfo, JobOptions, Record},
    policy::{Backoff, Retain},
    value_error::{Invalid, PayloadError, TooLarge},
};

impl<T> JobHandle<T> {
    /// Gives a job that waits, or that is delayed, another payload of its handler's type. Set
    /// options, then await it.
    ///
    /// Its id, place, priority, due time, unique key, attempts and errors stay. The queue's event is
    /// `replaced`.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, JobId};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) {}
    /// # async fn example(client: Client, id: JobId) -> jobqueue::Result<()> {
    /// let job = client.queue("mails")?.job(&id);
    /// job.edit(welcome, 43).header("why", "another account").await?;
    /// job.edit_options().attempts(10).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that payloads read like arguments")]
    pub fn edit<F: IntoJob<Args>, Args>(&self, handler: F, payload: F::Payload) -> EditJob {
        let _ = handler;
        let codec = self.queue().client().codec_of::<F::Job>();
        let mut edit = self.edit_options();
        edit.payload = Some(codec.encode(&payload).map(|bytes| (codec, bytes)));
        let newest = <F::Job as Job>::VERSIONS.newest();
        edit.handler = Some(Handler {
            name: <F::Job as Job>::DEFINITION.name,
            payload: std::any::type_name::<F::Payload>(),
            newest,
        });
        edit.options.version = Some(newest);
        edit
    }

    /// The same of a job that is known by its name alone, with any payload. Its version stays, unless
    /// [`version`](EditJob::version) says another.
    pub fn edit_payload<P: Serialize + ?Sized>(&self, payload: &P) -> EditJob {
        let codec = self.queue().client().codec();
        let mut edit = self.edit_options();
        edit.payload = Some(codec.encode(payload).map(|bytes| (codec, bytes)));
        edit
    }

    /// Changes the options of a job that waits, and leaves its payload as it is.
    pub fn edit_options(&self) -> EditJob {
        EditJob {
            queue: self.queue().clone(),
            id: self.id().clone(),
            payload: None,
            handler: None,
            options: JobOptions::default(),
            left_out: Vec::new(),
        }
    }
}

/// What is known of the handler whose payload it is.
#[derive(Clone, Debug)]
struct Handler {
    name: &'static str,
    payload: &'static str,
    newest: u32,
}

/// Changes of a job that waits; see [`JobHandle::edit`].
///
/// # Errors
/// [`Refused::NotFound`] if it has been removed, [`Refused::WrongState`] unless it waits or is
/// delayed, [`Refused::Conflict`] if others keep changing it; [`Error::Invalid`] if it is a job of
/// another handler, for an option that can't be, or for the payload of a dead letter; [`Error::Payload`] if the payload can't be written
/// or is too large, or if the job's has a version that is newer than the handler's type.
///
/// # Cancel safety
/// Dropped before it is done, it has changed the job or not.
///
/// [`Error::Invalid`]: crate::Error::Invalid
/// [`Error::Payload`]: crate::Error::Payload
/// [`Refused::Conflict`]: crate::error::Refused::Conflict
/// [`Refused::NotFound`]: crate::error::Refused::NotFound
/// [`Refused::WrongState`]: crate::error::Refused::WrongState
#[must_use = "the job is edited when this is awaited"]
#[derive(Debug)]
pub struct EditJob {
    queue: Queue,
    id: JobId,
    payload: Option<Result<(Codec, Vec<u8>), PayloadError>>,
    handler: Option<Handler>,
    /// Those that change.
    options: JobOptions,
    left_out: Vec<String>,
}

impl EditJob {
    /// How often the job may run before it fails for good.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = Some(attempts);
        self
    }

    /// How often the job may be snoozed before it fails for good.
    pub fn snoozes(mut self, most: u32) -> Self {
        self.options.snoozes = Some(most);
        self
    }

    /// The wait before the next attempt.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = Some(backoff);
        self
    }

    /// How long a run may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// What is kept when the job completes.
    pub fn retain(mut self, retain: Retain) -> Self {
        self.options.retain = Some(retain);
        self
    }

    /// What is kept when the job fails for good.
    pub fn retain_failed(mut self, retain: Retain) -> Self {
        self.options.retain_failed = Some(retain);
        self
    }

    /// The version of the payload, for a job that is known by its name alone.
    pub fn version(mut self, version: u32) -> Self {
        self.options.version = Some(version);
        self
    }

    /// Sets a header, and leaves the others.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.insert(name.into(), value.into());
        self
    }

    /// Leaves out a header.
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.left_out.push(name.into());
        self
    }

    async fn run(self) -> Result<()> {
        self.options.validate()?;
        let revision = Revision { id: &self.id, action: "edit a job", only_waiting: true };
        let change = |info: &JobInfo| self.changed(info.record.clone()).map(Some);
        self.queue.revise(revision, change).await
    }

    /// The record with the changes.
    fn changed(&self, mut record: Record) -> Result<Record> {
        if let Some(handler) = &self.handler {
            handler.check(&record)?;
        }
        if let Some(payload) = &self.payload {
            if DeadLetter::is_in(&record) {
                let advice = "edit the job that failed by `client.dead_letters(queue)?.edit(…)`";
                let what = "the payload of a dead letter is the whole record of another job";
                return Err(Invalid::setup(what, advice).into());
            }
            let (codec, bytes) = payload.clone()?;
            let limit = self.queue.client().max_payload();
            if bytes.len() > limit {
                let what = format!("the payload of job {}", record.name);
                return Err(PayloadError::from(TooLarge::sent(what, bytes.len(), limit)).into());
            }
            (record.codec, record.payload) = (codec, Bytes::from(bytes));
        }
        let (changes, options) = (self.options.clone(), &mut record.options);
        options.attempts = changes.attempts.or(options.attempts);
        options.snoozes = changes.snoozes.or(options.snoozes);
        options.backoff = changes.backoff.or(options.backoff);
        options.timeout = changes.timeout.or(options.timeout);
        options.retain = changes.retain.or(options.retain);
        options.retain_failed = changes.retain_failed.or(options.retain_failed);
        if let Some(version) = changes.version {
            options.version = Some(version).filter(|version| *version != FIRST_VERSION);
        }
        options.headers.retain(|name, _| !self.left_out.contains(name));
        options.headers.extend(changes.headers);
        options.validate()?;
        Ok(record)
    }
}

impl Handler {
    /// The job is one of this handler's, and not of a newer version.
    fn check(&self, record: &Record) -> Result<()> {
        if record.name.as_str() != self.name {
            return Err(Invalid::setup(
                format!(
                    "the job is one of {:?}, and the payload of {:?}",
                    record.name.as_str(),
                    self.name
                ),
                "edit it with its own handler's payload, or by `edit_payload`",
            )
            .into());
        }
        if record.version() > self.newest {
            let (wanted, version, known) = (self.payload, record.version(), self.newest);
            return Err(PayloadError::UnknownVersion { wanted, version, known }.into());
        }
        Ok(())
    }
}

impl IntoFuture for EditJob {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (queue, id) = (self.queue.clone(), self.id.clone());
            queue.audited("edit", Some(&id), self.run()).await
        })
    }
}

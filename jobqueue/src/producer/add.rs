//! Adding one job.

use std::{future::IntoFuture, marker::PhantomData, pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    request::{Content, Request},
    setters::{add_setters, durability_setter, request_setters},
};
use crate::{
    client::Client,
    clock,
    error::{Error, Result},
    job::{Deadline, IntoJob, JobId, Unique},
    policy::{Backoff, Retain},
    queue::{JobHandle, Queue},
    store::{
        Durability,
        job::{Due, NewJob},
    },
    value_error::{Invalid, PayloadError},
};

/// A job about to be added: set options, then await it.
///
/// Awaiting it gives a [`JobHandle`] once the job is in Redis. If Redis can't be reached, the add
/// is repeated up to the client's [`retry_timeout`](crate::ClientBuilder::retry_timeout), and still
/// adds one job.
///
/// # Cancel safety
/// Dropped before it is done, the job is added once or not at all, and other adds are as before. To
/// find out, repeat the add [with an id](Self::id).
///
/// # Errors
/// [`Error::Invalid`] and [`Error::Payload`] before anything is sent; [`Error::Refused`] if the
/// queue is full or the server refuses; [`Error::Unavailable`] if Redis did not answer in time.
/// Then the job may have been added: repeat the add [with an id](Self::id) if that matters.
#[must_use = "a job is added when this is awaited"]
#[derive(Debug)]
pub struct Add<T> {
    request: Result<Request, Invalid>,
    content: Result<Content, PayloadError>,
    id: Option<Result<JobId, Invalid>>,
    output: PhantomData<fn() -> T>,
}

impl Client {
    /// Adds a job for a handler. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, DurationExt};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) {}
    /// # async fn example(client: Client) -> jobqueue::Result<()> {
    /// let handle = client.add(welcome, 42).delay(5.minutes()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that payloads read like arguments")]
    pub fn add<F: IntoJob<Args>, Args>(&self, handler: F, payload: F::Payload) -> Add<F::Output> {
        let _ = handler;
        let codec = self.codec_of::<F::Job>();
        Add::new(self.request_for::<F::Job>(), Content::of::<F::Job>(codec, &payload))
    }
}

impl Queue {
    /// Adds a job by its name. Await the answer, or set options first.
    pub fn add<T: Serialize + ?Sized>(&self, name: &str, payload: &T) -> Add<serde_json::Value> {
        let payload = self.client().codec().encode(payload);
        Add::new(self.request(name), payload.map(Content::plain))
    }
}

impl<T> Add<T> {
    fn new(request: Result<Request, Invalid>, content: Result<Content, PayloadError>) -> Self {
        Self { request, content, id: None, output: PhantomData }
    }

    request_setters!();
    durability_setter!();
    add_setters!();

    /// An id of the caller's choice, 1 to 128 printable ASCII characters. If the queue has a job of
    /// this id, in any state, nothing is added and the handle is [that job's](JobHandle::existed).
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        self.id = Some(id.as_ref().parse());
        self
    }

    /// Adds nothing while a job of this handler with this key exists and hasn't ended; the handle is
    /// then [that job's](JobHandle::existed). 1 to 256 bytes. A [`Unique`] says other things that
    /// may become of such an add, and [`JobHandle::added`] says what did.
    pub fn unique(self, key: impl Into<Unique>) -> Self {
        self.set(|request| request.set_unique(key.into()))
    }

    /// Adds nothing during this lifetime after a job of this handler with this key was added, whether
    /// that job has ended or not; the handle is then [that job's](JobHandle::existed).
    pub fn unique_for(self, key: impl Into<String>, lifetime: Duration) -> Self {
        self.unique(Unique::by(key).lasting(lifetime))
    }

    fn set(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }

    /// The same job with a result of another type, so that jobs of several handlers can be
    /// [added together](Client::add_each).
    pub fn typed<U>(self) -> Add<U> {
        let Self { request, content, id, .. } = self;
        Add { request, content, id, output: PhantomData }
    }

    /// What is sent, once all of it is known to be valid.
    pub(super) fn prepare(self) -> Result<(Request, NewJob)> {
        let request = self.request?.checked()?;
        let job = request.job(self.content?, self.id.transpose()?, clock::now())?;
        Ok((request, job))
    }

    async fn send(self) -> Result<JobHandle<T>> {
        let (request, job) = self.prepare()?;
        let id = job.id.clone();
        let duplicates = request.send(&request.batcher(), vec![job]).await?;
        let duplicate = duplicates.into_iter().next().map(|(_, duplicate)| duplicate);
        Ok(JobHandle::new(request.queue(), id, duplicate))
    }
}

impl<T: 'static> IntoFuture for Add<T> {
    type Output = Result<JobHandle<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

//! Adding many jobs.

use std::{fmt, future::IntoFuture, marker::PhantomData, pin::Pin, time::Duration};

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
    error_chain::chain,
    job::{Deadline, IntoJob},
    policy::{Backoff, Retain},
    queue::{JobHandle, Queue},
    store::{
        Durability, chunks,
        job::{Due, NewJob},
    },
    value_error::{Invalid, PayloadError},
};

/// Many jobs about to be added: set options, which apply to all, then await it.
///
/// They go in calls of up to 1,000 jobs and about a mebibyte, in order. Each call adds all its jobs
/// or none, and the first that fails is the last that is made.
///
/// # Cancel safety
/// Dropped before it is done, it has added the jobs of its first calls, each call all or none.
///
/// # Errors
/// [`AddAllError`] has the jobs that were added before the failure. If a payload or an option is
/// invalid, nothing is sent.
#[must_use = "jobs are added when this is awaited"]
#[derive(Debug)]
pub struct AddAll<T> {
    request: Result<Request, Invalid>,
    contents: Result<Vec<Content>, PayloadError>,
    output: PhantomData<fn() -> T>,
}

/// Why not all jobs of an [`AddAll`], or of an [`add_each`](Client::add_each), were added.
#[derive(thiserror::Error)]
#[error("{} jobs were added before a call failed", added.len())]
pub struct AddAllError<T> {
    /// The jobs that were added: all before the call that failed.
    pub added: Vec<JobHandle<T>>,
    /// Why that call failed. With [`Error::Unavailable`], its jobs may have been added
    /// nevertheless.
    #[source]
    pub error: Error,
}

impl<T> fmt::Debug for AddAllError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}: {}", chain(&self.error))
    }
}

impl<T> From<AddAllError<T>> for Error {
    fn from(error: AddAllError<T>) -> Self {
        error.error
    }
}

impl Client {
    /// Adds many jobs for a handler, in calls of up to 1,000, each of which adds all its jobs or
    /// none.
    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    pub fn add_all<F: IntoJob<Args>, Args>(
        &self,
        handler: F,
        payloads: impl IntoIterator<Item = F::Payload>,
    ) -> AddAll<F::Output> {
        let _ = handler;
        let codec = self.codec_of::<F::Job>();
        let contents = payloads.into_iter().map(|payload| Content::of::<F::Job>(codec, &payload));
        AddAll::new(self.request_for::<F::Job>(), contents.collect())
    }
}

impl Queue {
    /// Adds many jobs of one name, in calls of up to 1,000, each of which adds all its jobs or
    /// none.
    pub fn add_all<T: Serialize>(
        &self,
        name: &str,
        payloads: impl IntoIterator<Item = T>,
    ) -> AddAll<serde_json::Value> {
        let codec = self.client().codec();
        let contents =
            payloads.into_iter().map(|payload| codec.encode(&payload).map(Content::plain));
        AddAll::new(self.request(name), contents.collect())
    }
}

impl<T> AddAll<T> {
    fn new(
        request: Result<Request, Invalid>,
        contents: Result<Vec<Content>, PayloadError>,
    ) -> Self {
        Self { request, contents, output: PhantomData }
    }

    request_setters!();
    durability_setter!();
    add_setters!();

    fn set(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }

    fn prepare(self) -> Result<(Request, Vec<NewJob>)> {
        let request = self.request?.checked()?;
        let now = clock::now();
        let jobs = self.contents?.into_iter().map(|content| request.job(content, None, now));
        let jobs = jobs.collect::<Result<_, _>>()?;
        Ok((request, jobs))
    }

    async fn send(self) -> Result<Vec<JobHandle<T>>, AddAllError<T>> {
        let (request, jobs) =
            self.prepare().map_err(|error| AddAllError { added: Vec::new(), error })?;
        let mut added = Vec::with_capacity(jobs.len());
        match send_all(&request, jobs, &mut added).await {
            Ok(()) => Ok(added),
            Err(error) => Err(AddAllError { added, error }),
        }
    }
}

/// Sends the jobs of a request call by call, until one fails.
pub(super) async fn send_all<T>(
    request: &Request,
    jobs: Vec<NewJob>,
    added: &mut Vec<JobHandle<T>>,
) -> Result<()> {
    let batcher = request.batcher();
    let sizes: Vec<usize> = chunks(&jobs, NewJob::size).map(<[NewJob]>::len).collect();
    let mut jobs = jobs.into_iter();
    for size in sizes {
        let chunk: Vec<NewJob> = jobs.by_ref().take(size).collect();
        let ids: Vec<_> = chunk.iter().map(|job| job.id.clone()).collect();
        let mut duplicates = request.send(&batcher, chunk).await?.into_iter().peekable();
        for (index, id) in ids.into_iter().enumerate() {
            let duplicate =
                duplicates.next_if(|(at, _)| *at == index).map(|(_, duplicate)| duplicate);
            added.push(JobHandle::new(request.queue(), id, duplicate));
        }
    }
    Ok(())
}

impl<T: 'static> IntoFuture for AddAll<T> {
    type Output = Result<Vec<JobHandle<T>>, AddAllError<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

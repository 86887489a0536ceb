//! Running a job again by hand.

use std::{future::IntoFuture, pin::Pin};

use super::{Queue, job_handle::JobHandle};
use crate::{error::Result, job::JobId, store::job};

impl<T> JobHandle<T> {
    /// Runs a job that has ended, cancelled or not, again, with its attempts counted anew. It takes its unique
    /// key again. Set options, then await it.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue, id: jobqueue::JobId) -> jobqueue::Result<()> {
    /// orders.job(&id).retry().await?;
    /// // Its handler is `idempotent`, and should run nevertheless.
    /// orders.job(&id).retry().anew().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry(&self) -> Retry {
        Retry { queue: self.queue().clone(), id: self.id().clone(), anew: false }
    }
}

/// An ended job about to run again; see [`JobHandle::retry`].
///
/// # Errors
/// [`Refused::NotFound`] if it has been removed, [`Refused::WrongState`] unless it has ended,
/// [`Refused::KeyHeld`] if another job has its unique key, [`Refused::DeadLettered`] if its dead
/// letter was written: [redrive](crate::dead_letter::DeadLetters::redrive) it from there.
///
/// [`Refused::NotFound`]: crate::error::Refused::NotFound
/// [`Refused::WrongState`]: crate::error::Refused::WrongState
/// [`Refused::KeyHeld`]: crate::error::Refused::KeyHeld
/// [`Refused::DeadLettered`]: crate::error::Refused::DeadLettered
#[must_use = "the job runs again when this is awaited"]
#[derive(Clone, Debug)]
pub struct Retry {
    queue: Queue,
    id: JobId,
    anew: bool,
}

impl Retry {
    /// Forgets what an `idempotent` handler has recorded for this job. By default the record
    /// counts: a job that had completed completes again with the recorded result, and its handler
    /// isn't run.
    ///
    /// What a handler has recorded by [`Context::once`](crate::Context::once) under keys of its own
    /// stays.
    pub fn anew(mut self) -> Self {
        self.anew = true;
        self
    }

    async fn run(self) -> Result<()> {
        let Self { queue, id, anew } = &self;
        queue.store().call_retrying(&job::Retry { id, anew: *anew }).await
    }
}

impl IntoFuture for Retry {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (queue, id) = (self.queue.clone(), self.id.clone());
            queue.audited("retry", Some(&id), self.run()).await
        })
    }
}

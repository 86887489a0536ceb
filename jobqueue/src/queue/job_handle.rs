//! One job: its result, what is known of it, and its log.

use std::{fmt, marker::PhantomData};

use serde::de::DeserializeOwned;

use super::Queue;
use crate::{
    client::Affected,
    error::{Error, Refused, Result, ResultError},
    event::Watchers,
    job::{JobId, JobInfo, JobState, Outcome},
    store::job::Instead,
};

/// The most log lines that one call reads.
const LINES_AT_ONCE: usize = 1_000;

impl Queue {
    /// The handle of a job by its id. Nothing is sent: the job may not exist.
    ///
    /// Its result is a JSON value, whatever its handler returned; [`typed`](JobHandle::typed) says
    /// another type. So is the result of a job that was [added by its name](Self::add).
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue, id: jobqueue::JobId) -> jobqueue::Result<()> {
    /// let job = orders.job(&id);
    /// println!("{:?}", job.info().await?.errors);
    /// job.retry().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn job(&self, id: impl Into<JobId>) -> JobHandle<serde_json::Value> {
        JobHandle::new(self.clone(), id.into(), None)
    }
}

/// What an add did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Added {
    /// It added a job.
    New,
    /// It added nothing: the queue has a job of the same id or [unique](crate::Unique) key, which
    /// is the handle's.
    Existed,
    /// A job of the same unique key waited, which is the handle's. It has become the one to add.
    Replaced,
    /// So it has, and its delay began anew.
    Extended,
    /// It added a job, which runs after this one of the same unique key has ended.
    After(JobId),
    /// Its queue was full, and the job went to the dead-letter queue.
    Overflowed,
}

/// One job: wait for its result, read what is known of it, change it.
///
/// An add gives the handle of the job that it added; [`Queue::job`] gives that of any other. Cheap
/// to clone. `T` is the type of the result.
///
/// # Cancel safety
/// A change whose future is dropped is made or isn't, and [`result`](Self::result) and all that
/// reads may be dropped at any time.
///
/// ```no_run
/// # use jobqueue::{job, Client};
/// # #[job]
/// # async fn double(n: u64) -> u64 { n * 2 }
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let handle = client.add(double, 21).await?;
/// assert_eq!(handle.result().await?, 42);
/// # Ok(())
/// # }
/// ```
pub struct JobHandle<T> {
    queue: Queue,
    id: JobId,
    added: Added,
    output: PhantomData<fn() -> T>,
}

impl<T> Affected for JobHandle<T> {
    fn affected(&self) -> Option<u64> {
        Some(1)
    }
}

impl<T> JobHandle<T> {
    /// The handle of a job, or of the job that the add found in its place.
    pub(crate) fn new(queue: Queue, id: JobId, instead: Option<Instead>) -> Self {
        let (id, added) = match instead {
            None => (id, Added::New),
            Some(Instead::Duplicate(other)) => (other, Added::Existed),
            Some(Instead::Replaced(other)) => (other, Added::Replaced),
            Some(Instead::Extended(other)) => (other, Added::Extended),
            Some(Instead::After(other)) => (id, Added::After(other)),
            Some(Instead::Overflowed) => (id, Added::Overflowed),
        };
        Self { queue, id, added, output: PhantomData }
    }

    /// The job's id.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// The job's queue.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What the add did. Of a handle that isn't an add's answer, [`Added::New`].
    #[must_use]
    pub fn added(&self) -> &Added {
        &self.added
    }

    /// Whether the add found this job, by its id or its unique key, instead of adding it. It may have
    /// [replaced](Self::added) it.
    #[must_use]
    pub fn existed(&self) -> bool {
        matches!(self.added, Added::Existed | Added::Replaced | Added::Extended)
    }

    /// Whether the job went to the dead-letter queue because its own queue was full; see
    /// [`Overflow::DeadLetter`](crate::manage::Overflow::DeadLetter). Then its own queue doesn't
    /// have it.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.added == Added::Overflowed
    }

    /// The same job with a result of another type: for jobs that were added by name.
    #[must_use]
    pub fn typed<U>(self) -> JobHandle<U> {
        let Self { queue, id, added, .. } = self;
        JobHandle { queue, id, added, output: PhantomData }
    }

    /// All that is known of the job now: its state, payload, attempts, errors, progress and
    /// outcome.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it has been removed, and those of any call.
    pub async fn info(&self) -> Result<JobInfo> {
        let info = self.queue.info_of(&self.id).await?;
        info.ok_or_else(|| {
            Refused::NotFound { queue: self.queue.name().clone(), id: self.id.clone() }.into()
        })
    }

    /// The job's state now; `None` if it has been removed.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn state(&self) -> Result<Option<JobState>> {
        Ok(self.queue.info_of(&self.id).await?.map(|info| info.state))
    }

    /// The job's log lines from number `from` on, counted from 0; at most 1,000 at once.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn logs(&self, from: usize) -> Result<Vec<String>> {
        self.queue.store().logs(&self.id, from, LINES_AT_ONCE).await
    }
}

impl<T: DeserializeOwned> JobHandle<T> {
    /// Waits for the job to end and returns its result. It follows the queue's events and doesn't
    /// poll.
    ///
    /// It waits without a limit; put a [`tokio::time::timeout`] around it for one.
    ///
    /// # Errors
    /// [`ResultError::Failed`] with the failure if the job failed for good,
    /// [`ResultError::Cancelled`] if it was cancelled, [`ResultError::Gone`] if it was removed or its
    /// result isn't kept.
    pub async fn result(&self) -> Result<T, ResultError> {
        // Often the job has ended by now: then there is no need to watch it.
        if let Some(ended) = self.look().await? {
            return ended;
        }
        #[cfg(feature = "testing")]
        if let Some(test) = self.queue.client().watch() {
            let stuck = test.waits(self.queue.client(), self.queue.name(), &self.id);
            return tokio::select! {
                biased;
                ended = self.end(crate::clock::is_virtual()) => ended,
                stuck = stuck => Err(stuck.err().unwrap_or(Error::Closed).into()),
            };
        }
        self.end(false).await
    }

    /// Waits for the job to end.
    async fn end(&self, in_test: bool) -> Result<T, ResultError> {
        let watchers = self.queue.client().shared::<Watchers>();
        let mut watch = watchers.watch(self.queue.store(), &self.id, in_test);
        loop {
            // The watch stands before this look, so no end of the job is missed.
            watch.ready().await;
            if let Some(ended) = self.look().await? {
                return ended;
            }
            watch.changed().await;
        }
    }

    fn gone(&self) -> ResultError {
        ResultError::Gone { queue: self.queue.name().clone(), id: self.id.clone() }
    }

    /// What [`result`](Self::result) answers, if the job has ended.
    async fn look(&self) -> Result<Option<Result<T, ResultError>>> {
        let Some(info) = self.queue.info_of(&self.id).await? else {
            return Ok(Some(Err(self.gone())));
        };
        if !info.state.is_final() {
            return Ok(None);
        }
        Ok(Some(match info.outcome {
            Some(Outcome::Completed { codec, result }) => {
                let (id, queue) = (&self.id, self.queue.name());
                codec.decode(&result).map_err(|error| {
                    let of_job = error.reading(format_args!("result of job {id} in queue {queue}"));
                    Error::from(of_job).into()
                })
            }
            Some(Outcome::Failed(failure) | Outcome::DeadLettered { failure, .. }) => {
                Err(ResultError::Failed {
                    queue: self.queue.name().clone(),
                    id: self.id.clone(),
                    failure,
                })
            }
            Some(Outcome::Cancelled(reason)) => Err(ResultError::Cancelled {
                queue: self.queue.name().clone(),
                id: self.id.clone(),
                reason,
            }),
            None => Err(self.gone()),
        }))
    }
}

impl<T> Clone for JobHandle<T> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            id: self.id.clone(),
            added: self.added.clone(),
            output: PhantomData,
        }
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("queue", self.queue.name())
            .field("id", &self.id)
            .field("added", &self.added)
            .finish()
    }
}

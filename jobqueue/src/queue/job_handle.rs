//! One job: its result, what is known of it, and its log.

use std::{fmt, marker::PhantomData};

use serde::de::DeserializeOwned;

use super::Queue;
use crate::{
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
    existed: bool,
    overflowed: bool,
    output: PhantomData<fn() -> T>,
}

impl<T> JobHandle<T> {
    /// The handle of a job, or of the job that the add found in its place.
    pub(crate) fn new(queue: Queue, id: JobId, instead: Option<Instead>) -> Self {
        let (id, existed, overflowed) = match instead {
            None => (id, false, false),
            Some(Instead::Duplicate(duplicate)) => (duplicate, true, false),
            Some(Instead::Overflowed) => (id, false, true),
        };
        Self { queue, id, existed, overflowed, output: PhantomData }
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

    /// Whether the add found this job, by its id or its unique key, instead of adding it.
    #[must_use]
    pub fn existed(&self) -> bool {
        self.existed
    }

    /// Whether the job went to the dead-letter queue because its own queue was full; see
    /// [`Overflow::DeadLetter`](crate::manage::Overflow::DeadLetter). Then its own queue doesn't
    /// have it.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The same job with a result of another type: for jobs that were added by name.
    #[must_use]
    pub fn typed<U>(self) -> JobHandle<U> {
        let Self { queue, id, existed, overflowed, .. } = self;
        JobHandle { queue, id, existed, overflowed, output: PhantomData }
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
    /// [`ResultError::Failed`] with the failure if the job failed for good, [`ResultError::Gone`]
    /// if it was removed or its result isn't kept.
    pub async fn result(&self) -> Result<T, ResultError> {
        // Often the job has ended by now: then there is no need to watch it.
        if let Some(ended) = self.look().await? {
            return ended;
        }
        let watchers = self.queue.client().shared::<Watchers>();
        let mut watch = watchers.watch(self.queue.store(), &self.id);
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
            None => Err(self.gone()),
        }))
    }
}

impl<T> Clone for JobHandle<T> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            id: self.id.clone(),
            existed: self.existed,
            overflowed: self.overflowed,
            output: PhantomData,
        }
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("queue", self.queue.name())
            .field("id", &self.id)
            .field("existed", &self.existed)
            .finish()
    }
}

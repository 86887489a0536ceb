//! One job, as whoever added it holds it.

use std::{fmt, marker::PhantomData};

use serde::de::DeserializeOwned;

use super::Queue;
use crate::{
    error::{Error, Refused, Result, ResultError},
    event::Watchers,
    job::{JobId, JobInfo, JobState, Outcome},
    store::job::Instead,
};

/// One job: its id, and the way to what becomes of it.
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
    /// The job's handle, or that of the one that stands in its place.
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

    /// Whether the job went to the dead-letter queue, since its own was full and says so:
    /// [`Overflow::DeadLetter`](crate::limits::Overflow::DeadLetter). Its own queue knows nothing of it then.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The same job with a result of another type: for jobs that were added by name.
    #[must_use]
    pub fn typed<U>(self) -> JobHandle<U> {
        JobHandle {
            queue: self.queue,
            id: self.id,
            existed: self.existed,
            overflowed: self.overflowed,
            output: PhantomData,
        }
    }

    /// All that is known of the job now.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it has been removed, and those of any call.
    pub async fn info(&self) -> Result<JobInfo> {
        let info = self.queue.info(&self.id).await?;
        info.ok_or_else(|| {
            Refused::NotFound { queue: self.queue.name().clone(), id: self.id.clone() }.into()
        })
    }

    /// Where the job is now; nothing if it has been removed.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn state(&self) -> Result<Option<JobState>> {
        Ok(self.queue.info(&self.id).await?.map(|info| info.state))
    }
}

impl<T: DeserializeOwned> JobHandle<T> {
    /// Waits for the job to end and gives its result. Doesn't poll: it listens to the queue's events.
    ///
    /// Waits for as long as it takes; put a [`tokio::time::timeout`] around it for less.
    ///
    /// # Errors
    /// [`ResultError::Failed`] with the failure if the job failed for good, [`ResultError::Gone`] if it
    /// was removed or its result isn't kept.
    pub async fn result(&self) -> Result<T, ResultError> {
        // Most who ask late find it ended, and need nobody to tell them.
        if let Some(ended) = self.look().await? {
            return ended;
        }
        let watchers = self.queue.client().shared::<Watchers>();
        let mut watch = watchers.watch(self.queue.store(), &self.id);
        loop {
            // From here on nothing is missed: first watched, then looked.
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
        let Some(info) = self.queue.info(&self.id).await? else {
            return Ok(Some(Err(self.gone())));
        };
        if !info.state.is_final() {
            return Ok(None);
        }
        Ok(Some(match info.outcome {
            Some(Outcome::Completed { codec, result }) => {
                codec.decode(&result).map_err(|error| Error::from(error).into())
            }
            Some(Outcome::Failed(failure)) => Err(ResultError::Failed {
                queue: self.queue.name().clone(),
                id: self.id.clone(),
                failure,
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

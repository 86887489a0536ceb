//! Inspecting a queue.

use tracing::warn;

use super::Queue;
use crate::{
    error::{Error, Result},
    error_chain::chain,
    event::{EventId, EventStream},
    job::{JobId, JobInfo, JobState, QueueCounts},
    store::queue,
    value_error::Corrupt,
};

/// The most jobs that one call reads in full.
pub(super) const READ_AT_ONCE: usize = 100;

impl Queue {
    /// How many jobs are in each state.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn counts(&self) -> Result<QueueCounts> {
        Ok(self.store().call_retrying(&queue::Counts).await?.counts)
    }

    /// All that is known of a job now; `None` if the queue has no job of this id.
    pub(crate) async fn info_of(&self, id: &JobId) -> Result<Option<JobInfo>> {
        Ok(self.store().read_jobs(std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// All that is known of these jobs now; none of one that is gone. One that can't be read doesn't
    /// hide the others.
    pub(super) async fn read_each(
        &self,
        ids: &[JobId],
    ) -> Result<Vec<Result<Option<JobInfo>, Corrupt>>> {
        match self.store().read_jobs(ids).await {
            Ok(jobs) => return Ok(jobs.into_iter().map(Ok).collect()),
            Err(Error::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.push(match self.info_of(id).await {
                Ok(job) => Ok(job),
                Err(Error::Corrupt(problem)) => Err(problem),
                Err(error) => return Err(error),
            });
        }
        Ok(all)
    }

    /// The jobs in one state, page by page, in the order of the queue.
    #[must_use]
    pub fn jobs(&self, state: JobState) -> JobPages {
        JobPages { queue: self.clone(), state, newest_first: false }
    }

    /// The events of the queue from now on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        EventStream::from_now(self.client().shared(), self.store())
    }

    /// The events of the queue after this one, as far as they are kept, and from then on.
    #[must_use]
    pub fn events_after(&self, id: &EventId) -> EventStream {
        EventStream::after(self.client().shared(), self.store(), id)
    }
}

/// The jobs in one state, page by page; see [`Queue::jobs`]. The queue moves on meanwhile: a page
/// is true for its moment.
#[derive(Clone, Debug)]
pub struct JobPages {
    queue: Queue,
    state: JobState,
    newest_first: bool,
}

impl JobPages {
    /// In reverse order: of ended jobs the newest first. By default oldest first, or the next to
    /// run first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// The ids of `count` jobs from `offset` on; at most 1,000 at once.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn ids(&self, offset: u64, count: u64) -> Result<Vec<JobId>> {
        let count = count.min(crate::store::MAX_BATCH as u64);
        if count == 0 {
            return Ok(Vec::new());
        }
        let page =
            queue::Page { state: self.state, offset, count, newest_first: self.newest_first };
        self.queue.store().call_retrying(&page).await
    }

    /// `count` jobs from `offset` on, at most 1,000 at once. A job that left the state while the
    /// page was read is left out, and so is one whose record can't be read:
    /// [`JobHandle::info`](crate::JobHandle::info) says what is wrong with it.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn page(&self, offset: u64, count: u64) -> Result<Vec<JobInfo>> {
        let ids = self.ids(offset, count).await?;
        let mut jobs = Vec::with_capacity(ids.len());
        for ids in ids.chunks(READ_AT_ONCE) {
            for (id, job) in ids.iter().zip(self.queue.read_each(ids).await?) {
                match job {
                    Ok(job) => jobs.extend(job.filter(|job| job.state == self.state)),
                    Err(problem) => warn!(%id, problem = %chain(&problem), "left out of a page"),
                }
            }
        }
        Ok(jobs)
    }
}

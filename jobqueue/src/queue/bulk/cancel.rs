//! Cancelling all jobs that a filter means.

use super::{Act, Acted, Bulk, awaited};
use crate::{
    error::Result,
    job::{CancelMark, JobFilter, JobId, JobInfo, JobState},
    queue::{Find, Queue, cancel::setters},
};

/// What [`Find::cancel`] does.
#[derive(Clone, Debug, Default)]
pub struct CancelJobs {
    mark: CancelMark,
}

impl Queue {
    /// Cancels all jobs that a filter means: [`find(filter).cancel()`](Find::cancel).
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, Queue};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let of_tenant = JobFilter::new().name("charge").header("tenant", "a");
    /// let report = orders.cancel_where(of_tenant).by("ops").reason("the tenant has left").await?;
    /// println!("{} cancelled", report.done);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_where<'a>(&self, filter: JobFilter) -> Bulk<'a, CancelJobs> {
        self.find(filter).cancel()
    }
}

impl Find {
    /// Cancels all jobs that the filter means, as [`JobHandle::cancel`](crate::JobHandle::cancel)
    /// does one: those that are delayed, wait or run, unless the filter names states. Set options,
    /// then await it.
    pub fn cancel<'a>(self) -> Bulk<'a, CancelJobs> {
        Bulk::new(self.into_seek(), CancelJobs::default())
    }
}

impl Bulk<'_, CancelJobs> {
    setters!(action.mark);
}

impl Act for CancelJobs {
    const NAME: &'static str = "cancel";
    const AUDITED: &'static str = "cancel_where";
    const STATES: &'static [JobState] =
        &[JobState::WaitingChildren, JobState::Delayed, JobState::Waiting, JobState::Active];

    fn check(&self, _queue: &Queue) -> Result<()> {
        Ok(self.mark.validate()?)
    }

    async fn act(&self, queue: &Queue, jobs: Vec<JobInfo>, from: &[JobState]) -> Result<Acted> {
        let ids: Vec<JobId> = jobs.into_iter().map(|job| job.id).collect();
        let places = queue.cancel_some(&ids, &self.mark, from).await?;
        let mut acted = Acted::default();
        for (id, place) in ids.into_iter().zip(places) {
            let answer = queue.cancelled(&id, place);
            acted.count(id, answer);
        }
        Ok(acted)
    }
}

awaited!(CancelJobs);

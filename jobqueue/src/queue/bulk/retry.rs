//! Running all jobs that a filter means again.

use super::{Act, Acted, Bulk, awaited};
use crate::{
    error::{Operation, Refused, Result},
    job::{JobId, JobInfo, JobState},
    queue::{Find, Queue},
    store::job::{Rerun, RetryMany},
};

/// What [`Find::retry`] does.
#[derive(Clone, Debug, Default)]
pub struct RetryJobs {
    anew: bool,
}

impl Find {
    /// Runs all jobs that a filter means again, as [`JobHandle::retry`](crate::JobHandle::retry)
    /// does one: those that have failed, unless the filter names states. Set options, then await
    /// it.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, Queue};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let report = orders.find(JobFilter::new().error_contains("connection reset")).retry().await?;
    /// println!("{} run again", report.done);
    /// for (id, why) in &report.refusals {
    ///     println!("{id} doesn't: {why}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry<'a>(self) -> Bulk<'a, RetryJobs> {
        Bulk::new(self.into_seek(), RetryJobs::default())
    }
}

impl Bulk<'_, RetryJobs> {
    /// Forgets what `idempotent` handlers have recorded for these jobs; see
    /// [`Retry::anew`](crate::manage::Retry::anew).
    pub fn anew(mut self) -> Self {
        self.action.anew = true;
        self
    }
}

impl Act for RetryJobs {
    const NAME: &'static str = "retry";
    const AUDITED: &'static str = "retry_where";
    const STATES: &'static [JobState] = &[JobState::Failed];

    fn check(&self, _queue: &Queue) -> Result<()> {
        Ok(())
    }

    async fn act(&self, queue: &Queue, jobs: Vec<JobInfo>, from: &[JobState]) -> Result<Acted> {
        let ids: Vec<JobId> = jobs.into_iter().map(|job| job.id).collect();
        let reruns = RetryMany { ids: &ids, anew: self.anew, from };
        let reruns = queue.store().call_retrying(&reruns).await?;
        let mut acted = Acted::default();
        for (id, rerun) in ids.into_iter().zip(reruns) {
            let operation = || Operation::on_job("retry a job", queue.name(), &id);
            let answer = match rerun {
                Rerun::Again => Ok(()),
                Rerun::KeyHeld(holder) => Err(Refused::KeyHeld { operation: operation(), holder }),
                Rerun::DeadLettered => Err(Refused::DeadLettered { operation: operation() }),
                Rerun::Stays(state) => Err(Refused::WrongState { operation: operation(), state }),
                Rerun::Unknown => {
                    Err(Refused::NotFound { queue: queue.name().clone(), id: id.clone() })
                }
            };
            acted.count(id, answer);
        }
        Ok(acted)
    }
}

awaited!(RetryJobs);

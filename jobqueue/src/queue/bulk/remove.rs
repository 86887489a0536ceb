//! Removing all jobs that a filter means.

use super::{Act, Acted, Bulk, awaited};
use crate::{
    error::{Error, Refused, Result},
    job::{Gone, JobId, JobInfo, JobState},
    queue::{Find, Queue},
    store::job::Remove,
};

/// What [`Find::remove`] does.
#[derive(Clone, Debug, Default)]
pub struct RemoveJobs;

impl Find {
    /// Removes all jobs that the filter means, with all that is kept of them: those of all states
    /// but active ones, unless the filter names states. Set options, then await it.
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, find::JobFilter, JobState, Queue};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let old = JobFilter::new().state(JobState::Failed).name("newsletter").older_than(24.hours());
    /// println!("{} removed", orders.find(old).remove().await?.done);
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove<'a>(self) -> Bulk<'a, RemoveJobs> {
        Bulk::new(self.into_seek(), RemoveJobs)
    }
}

impl Queue {
    async fn remove_some(&self, ids: &[JobId]) -> Result<u64> {
        self.store().call_retrying(&Remove { ids, why: Gone::Removed }).await
    }
}

impl Act for RemoveJobs {
    const NAME: &'static str = "remove";
    const STATES: &'static [JobState] = &[
        JobState::Delayed,
        JobState::Waiting,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
    ];

    fn check(&self, _queue: &Queue) -> Result<()> {
        Ok(())
    }

    async fn act(&self, queue: &Queue, jobs: Vec<JobInfo>) -> Result<Acted> {
        let ids: Vec<JobId> = jobs.into_iter().map(|job| job.id).collect();
        let mut acted = Acted::default();
        match queue.remove_some(&ids).await {
            Ok(removed) => acted.done = removed,
            // One of them runs by now, and none was removed.
            Err(Error::Refused(Refused::WrongState { .. })) => {
                for id in &ids {
                    match queue.remove_some(std::slice::from_ref(id)).await {
                        Ok(removed) => acted.done += removed,
                        Err(Error::Refused(refused @ Refused::WrongState { .. })) => {
                            acted.count(id.clone(), Err::<(), _>(refused));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        if ids.iter().any(JobId::is_awaited) {
            queue.tell_callers();
        }
        Ok(acted)
    }
}

awaited!(RemoveJobs);

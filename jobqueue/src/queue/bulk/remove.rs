//! Removing all jobs that a filter means.

use super::{Act, Acted, Bulk, awaited};
use crate::{
    error::{Operation, Refused, Result},
    job::{Gone, JobId, JobInfo, JobState},
    queue::{Find, Queue},
    store::job::{Removal, Remove},
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
    /// What became of a job that was to be removed.
    pub(in crate::queue) fn removed(&self, id: &JobId, removal: Removal) -> Result<(), Refused> {
        match removal {
            Removal::Removed => Ok(()),
            Removal::Stays(state) => {
                let operation = Operation::on_job("remove a job", self.name(), id);
                Err(Refused::WrongState { operation, state })
            }
            Removal::Unknown => {
                Err(Refused::NotFound { queue: self.name().clone(), id: id.clone() })
            }
        }
    }
}

impl Act for RemoveJobs {
    const NAME: &'static str = "remove";
    const AUDITED: &'static str = "remove_where";
    const STATES: &'static [JobState] = &[
        JobState::WaitingChildren,
        JobState::Delayed,
        JobState::Waiting,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
    ];

    fn check(&self, _queue: &Queue) -> Result<()> {
        Ok(())
    }

    /// One that has ended since it was found is as good as one that waits.
    fn still(found: JobState, meant: &[JobState]) -> Vec<JobState> {
        if found.is_final() { vec![found] } else { meant.to_vec() }
    }

    async fn act(&self, queue: &Queue, jobs: Vec<JobInfo>, from: &[JobState]) -> Result<Acted> {
        let ids: Vec<JobId> = jobs.into_iter().map(|job| job.id).collect();
        let remove = Remove { ids: &ids, why: Gone::Removed, from };
        let removals = queue.store().call_retrying(&remove).await?;
        queue.tell_others();
        let mut acted = Acted::default();
        for (id, removal) in ids.into_iter().zip(removals) {
            let answer = queue.removed(&id, removal);
            acted.count(id, answer);
        }
        Ok(acted)
    }
}

awaited!(RemoveJobs);

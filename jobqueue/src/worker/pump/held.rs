//! The jobs that a pump holds in Redis, and its live runs.

use std::{collections::HashMap, time::Duration};

use tokio::task::AbortHandle;

use crate::{
    hashing::RandomState,
    job::{CancelReason, JobId},
    worker::run::Cancellation,
};

/// No run has this number.
const NO_RUN: u64 = 0;

/// The jobs that a pump holds in Redis, and its live runs.
///
/// Four kinds of run: queued or alive for a held job, alive though its job is lost, alive though
/// its job is settled. Each takes a slot.
#[derive(Debug, Default)]
pub(super) struct HeldJobs {
    jobs: HashMap<JobId, Job, RandomState>,
    /// Live runs whose jobs are lost. They hold no job, but a slot.
    lost_runs: HashMap<u64, AbortHandle, RandomState>,
    /// Live runs whose jobs were settled before they began. They hold no job either.
    settled: HashMap<u64, SettledRun, RandomState>,
    /// Live runs of all kinds.
    alive: usize,
    /// Those of them that were aborted, and whose jobs need no run any more.
    aborted: usize,
    /// Counts runs: each gets a number.
    runs: u64,
}

#[derive(Debug)]
struct Job {
    run: u64,
    cancellation: Cancellation,
    /// None while it is queued, and when its run has ended.
    task: Option<AbortHandle>,
}

#[derive(Debug)]
struct SettledRun {
    id: JobId,
    cancellation: Cancellation,
    task: AbortHandle,
}

/// A held job that is to end as cancelled.
#[derive(Clone, Copy, Debug)]
pub(super) struct CancelledJob {
    pub(super) run: u64,
    /// How long its run may take to end by itself.
    pub(super) grace: Duration,
    /// Whether its run is alive.
    pub(super) alive: bool,
}

/// Whether a finished run may still settle its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may.
    Counts,
    /// The job was settled before the run.
    Settled,
    /// The job is lost: another worker has it, or it was settled by a call whose answer was lost.
    Lost,
}

impl HeldJobs {
    /// How many jobs are held.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether no job is held, and no run goes on whose job is settled.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.settled.is_empty()
    }

    /// Taken slots, by jobs and by runs that hold none.
    pub(super) fn slots(&self) -> usize {
        self.jobs.len() + self.lost_runs.len() + self.settled.len()
    }

    /// Live runs whose jobs are lost.
    #[cfg(test)]
    pub(super) fn lost_runs(&self) -> usize {
        self.lost_runs.len()
    }

    /// How many runs are alive.
    pub(super) fn running(&self) -> usize {
        self.alive
    }

    /// How many of them were aborted, and have not been reported.
    pub(super) fn aborted(&self) -> usize {
        self.aborted
    }

    pub(super) fn ids(&self) -> Vec<JobId> {
        self.jobs.keys().cloned().collect()
    }

    /// Holds a job, and gives its run a number. A run that the pump already has of it is lost:
    /// otherwise Redis would not have handed the job out again.
    pub(super) fn insert(&mut self, id: &JobId) -> (u64, Cancellation) {
        self.lose(id);
        self.runs += 1;
        let job = Job { run: self.runs, cancellation: Cancellation::default(), task: None };
        let handle = (job.run, job.cancellation.clone());
        self.jobs.insert(id.clone(), job);
        handle
    }

    pub(super) fn started(&mut self, id: &JobId, task: AbortHandle) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.task = Some(task);
            self.alive += 1;
        }
    }

    /// A job is settled, and then its run has started.
    pub(super) fn started_settled(&mut self, id: &JobId, task: AbortHandle) {
        if let Some(job) = self.jobs.remove(id) {
            self.settled.insert(
                job.run,
                SettledRun { id: id.clone(), cancellation: job.cancellation, task },
            );
            self.alive += 1;
        }
    }

    /// A run has ended. Whether it may still settle its job.
    pub(super) fn ended(&mut self, id: &JobId, run: u64) -> Standing {
        self.alive = self.alive.saturating_sub(1);
        if self.lost_runs.remove(&run).is_some() {
            return Standing::Lost;
        }
        match self.jobs.get_mut(id) {
            Some(job) if job.run == run => {
                job.task = None;
                Standing::Counts
            }
            _ if self.settled.remove(&run).is_some() => Standing::Settled,
            _ => {
                self.aborted = self.aborted.saturating_sub(1);
                Standing::Lost
            }
        }
    }

    /// Whether this is the run of a job that is held, or is alive though its job is lost.
    pub(super) fn is_known(&self, id: &JobId, run: u64) -> bool {
        self.is_current(id, run) || self.lost_runs.contains_key(&run)
    }

    /// Whether this is the run of a job that is held.
    pub(super) fn is_current(&self, id: &JobId, run: u64) -> bool {
        self.jobs.get(id).is_some_and(|job| job.run == run)
    }

    /// A job is settled.
    pub(super) fn remove(&mut self, id: &JobId) {
        self.jobs.remove(id);
    }

    /// A job is lost. If its run is alive, it is told to stop; the answer says whether it is.
    pub(super) fn lose(&mut self, id: &JobId) -> bool {
        let Some(job) = self.jobs.remove(id) else { return false };
        job.cancellation.lose();
        let Some(task) = job.task else { return false };
        self.lost_runs.insert(job.run, task);
        true
    }

    /// A job is to end as cancelled: its run is told. None if the job isn't held, or its run was told
    /// before.
    pub(super) fn cancel(&self, id: &JobId, reason: &CancelReason) -> Option<CancelledJob> {
        let job = self.jobs.get(id).filter(|job| job.cancellation.requested().is_none())?;
        job.cancellation.request(reason);
        let (run, grace, alive) = (job.run, job.cancellation.grace(), job.task.is_some());
        Some(CancelledJob { run, grace, alive })
    }

    /// Aborts this run of a held job. Its report won't count. False if it has ended by itself.
    pub(super) fn abort(&mut self, id: &JobId, run: u64) -> bool {
        let Some(job) = self.jobs.get_mut(id).filter(|job| job.run == run) else { return false };
        let Some(task) = job.task.take() else { return false };
        task.abort();
        job.run = NO_RUN;
        self.aborted += 1;
        true
    }

    /// Aborts this live run whose job is lost: its end frees its slot. False if it has ended.
    pub(super) fn abort_lost(&self, run: u64) -> bool {
        self.lost_runs.get(&run).map(AbortHandle::abort).is_some()
    }

    /// Tells every run to stop.
    pub(super) fn cancel_all(&self) {
        self.jobs.values().for_each(|job| job.cancellation.cancel());
        self.settled.values().for_each(|run| run.cancellation.cancel());
    }

    /// Aborts every run whose job was settled before, and answers their jobs.
    pub(super) fn abort_settled(&self) -> Vec<JobId> {
        let abort = |run: &SettledRun| {
            run.task.abort();
            run.id.clone()
        };
        self.settled.values().map(abort).collect()
    }

    /// Aborts every live run of a held job, and answers the jobs. Their reports won't count.
    pub(super) fn abort_all(&mut self) -> Vec<JobId> {
        let mut aborted = Vec::new();
        for (id, job) in &mut self.jobs {
            if let Some(task) = job.task.take() {
                task.abort();
                job.run = NO_RUN;
                aborted.push(id.clone());
            }
        }
        self.aborted += aborted.len();
        aborted
    }
}

impl Drop for HeldJobs {
    /// Without its pump no run may settle its job.
    fn drop(&mut self) {
        for job in self.jobs.values() {
            job.cancellation.lose();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_whose_job_is_handed_out_again_is_lost_first() {
        let (mut held, id) = (HeldJobs::default(), JobId::generate());
        let (first, cancellation) = held.insert(&id);
        held.started(&id, tokio::spawn(std::future::pending::<()>()).abort_handle());
        let (second, _) = held.insert(&id);
        assert!(cancellation.is_lost(), "it is told");
        assert_eq!((held.slots(), held.lost_runs(), held.running()), (2, 1, 1), "it has a slot");
        assert!(held.is_current(&id, second) && !held.is_current(&id, first));
        assert_eq!(held.ended(&id, first), Standing::Lost, "it settles nothing");
        assert_eq!(held.slots(), 1);
    }
}

//! The jobs that a pump holds, by what it knows of them.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use tokio::task::AbortHandle;

use crate::{job::JobId, worker::run::Signals};

/// No run has this number.
const NO_RUN: u64 = 0;

/// The jobs that a pump holds in Redis, and the runs that it has lost but that are still alive.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    jobs: HashMap<JobId, Job, RandomState>,
    /// Lost runs that have not ended yet. They hold no job, but a slot.
    lost_runs: HashSet<u64>,
    /// Runs whose jobs were settled before they began. They hold no job either.
    settled: HashMap<u64, SettledRun, RandomState>,
    /// Runs that have not ended yet.
    alive: usize,
    /// Counts runs, to tell them apart.
    runs: u64,
}

#[derive(Debug)]
struct Job {
    run: u64,
    signals: Signals,
    /// None while it is queued, and when its run has ended.
    task: Option<AbortHandle>,
}

#[derive(Debug)]
struct SettledRun {
    id: JobId,
    signals: Signals,
    task: AbortHandle,
}

/// What the outcome of a run is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It settles the job.
    Counts,
    /// The job was settled before.
    Settled,
    /// The job was lost meanwhile: it is nobody's.
    Lost,
}

impl Slots {
    /// How many jobs Redis says this worker holds, if both are in step.
    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether nothing is left to be done: no job is held, and no run goes on that is free.
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.settled.is_empty()
    }

    /// Slots that are taken, by jobs and by runs that hold none.
    pub(crate) fn slots(&self) -> usize {
        self.jobs.len() + self.lost_runs.len() + self.settled.len()
    }

    /// How many runs are alive.
    pub(crate) fn running(&self) -> usize {
        self.alive
    }

    pub(crate) fn ids(&self) -> Vec<JobId> {
        self.jobs.keys().cloned().collect()
    }

    /// Takes a job in. A run that this pump already has of it is lost: Redis would not have given the
    /// job out again otherwise.
    pub(crate) fn insert(&mut self, id: &JobId) -> (u64, Signals) {
        self.lose(id);
        self.runs += 1;
        let job = Job { run: self.runs, signals: Signals::default(), task: None };
        let handle = (job.run, job.signals.clone());
        self.jobs.insert(id.clone(), job);
        handle
    }

    pub(crate) fn started(&mut self, id: &JobId, task: AbortHandle) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.task = Some(task);
            self.alive += 1;
        }
    }

    /// A job is settled, and now its run has begun.
    pub(crate) fn started_settled(&mut self, id: &JobId, task: AbortHandle) {
        if let Some(job) = self.jobs.remove(id) {
            self.settled.insert(job.run, SettledRun { id: id.clone(), signals: job.signals, task });
            self.alive += 1;
        }
    }

    /// A run has ended. What its outcome is good for.
    pub(crate) fn ended(&mut self, id: &JobId, run: u64) -> Standing {
        self.alive = self.alive.saturating_sub(1);
        if self.lost_runs.remove(&run) {
            return Standing::Lost;
        }
        match self.jobs.get_mut(id) {
            Some(job) if job.run == run => {
                job.task = None;
                Standing::Counts
            }
            _ if self.settled.remove(&run).is_some() => Standing::Settled,
            _ => Standing::Lost,
        }
    }

    /// Whether this run is the one that counts for the job.
    pub(crate) fn is_current(&self, id: &JobId, run: u64) -> bool {
        self.jobs.get(id).is_some_and(|job| job.run == run)
    }

    /// A job is settled.
    pub(crate) fn remove(&mut self, id: &JobId) {
        self.jobs.remove(id);
    }

    /// A job is lost: its run, if it has one that is alive, is told and left to end. Whether it had one.
    pub(crate) fn lose(&mut self, id: &JobId) -> bool {
        let Some(job) = self.jobs.remove(id) else { return false };
        job.signals.lose();
        let alive = job.task.is_some();
        if alive {
            self.lost_runs.insert(job.run);
        }
        alive
    }

    /// Tells every run to stop.
    pub(crate) fn cancel_all(&self) {
        self.jobs.values().for_each(|job| job.signals.cancel());
        self.settled.values().for_each(|run| run.signals.cancel());
    }

    /// Ends every run whose job was settled before, and gives their jobs.
    pub(crate) fn abort_settled(&self) -> Vec<JobId> {
        let abort = |run: &SettledRun| {
            run.task.abort();
            run.id.clone()
        };
        self.settled.values().map(abort).collect()
    }

    /// Ends every run that is still alive, and gives their jobs. What they still report won't count.
    pub(crate) fn abort_all(&mut self) -> Vec<JobId> {
        let mut aborted = Vec::new();
        for (id, job) in &mut self.jobs {
            if let Some(task) = job.task.take() {
                task.abort();
                job.run = NO_RUN;
                aborted.push(id.clone());
            }
        }
        aborted
    }
}

impl Drop for Slots {
    /// Without its pump no run counts.
    fn drop(&mut self) {
        for job in self.jobs.values() {
            job.signals.lose();
        }
    }
}

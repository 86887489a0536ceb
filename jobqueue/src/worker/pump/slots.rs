//! The slots of a pump: the jobs in them, from the fetch to the end of the run.
//!
//! ```text
//! fetched → fresh → admitted → started ──────────────→ ended
//!                      ├→ queued, until a slot is free ─┘
//!                      └→ awaiting its settlement (at most once)
//! ```

use std::{collections::VecDeque, pin::Pin, time::Duration};

use tokio::{sync::mpsc, task::AbortHandle};

use super::{
    at_most_once::AwaitingRuns,
    held::{CancelledJob, HeldJobs, Standing},
    inline_poll::InlinePoll,
    pending::Pending,
};
use crate::{
    job::{CancelReason, JobId, Transition},
    store::worker::Taken,
    task::placed,
    worker::{
        config::Capacity,
        run::{Cancellation, Run, RunEnd, RunReport, report},
    },
};

/// The jobs of a pump.
pub(super) struct Slots {
    capacity: Capacity,
    held: HeldJobs,
    /// Jobs that the last turn fetched, before intake.
    fresh: Vec<Taken>,
    /// Fetched ahead, and waiting for a slot.
    queued: VecDeque<Run>,
    awaiting: AwaitingRuns,
    inline_poll: InlinePoll,
    reports: mpsc::Receiver<RunReport>,
    reporter: mpsc::Sender<RunReport>,
}

impl Slots {
    pub(super) fn new(capacity: Capacity) -> Self {
        // Each live run reports once, and slots bound how many live.
        let (reporter, reports) = mpsc::channel(capacity.total());
        Self {
            capacity,
            held: HeldJobs::default(),
            fresh: Vec::new(),
            queued: VecDeque::new(),
            awaiting: AwaitingRuns::default(),
            inline_poll: InlinePoll::new(),
            reports,
            reporter,
        }
    }

    /// How many jobs Redis says this worker holds, if both are in step.
    pub(super) fn holds(&self) -> usize {
        self.held.len() + self.fresh.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity.total()
    }

    /// How many more jobs fit in, if this many are about to be settled.
    pub(super) fn room(&self, pending: usize) -> usize {
        // A settled job leaves its slot with the very turn that fetches; one that runs at most once
        // doesn't.
        let taken = self.held.slots() + self.fresh.len() + self.awaiting.len();
        self.capacity().saturating_sub(taken.saturating_sub(pending))
    }

    /// How many runs are alive.
    pub(super) fn running(&self) -> usize {
        self.held.running()
    }

    /// Whether no job is held, and no run goes on whose job is settled.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether no slot is taken.
    pub(super) fn is_idle(&self) -> bool {
        self.held.slots() == 0 && self.awaiting.len() == 0
    }

    pub(super) fn ids(&self) -> Vec<JobId> {
        self.held.ids()
    }

    pub(super) fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    pub(super) fn has_queued(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Keeps fetched jobs until the next call is under way.
    pub(super) fn fetched(&mut self, taken: Vec<Taken>) {
        self.fresh = taken;
    }

    pub(super) fn take_fresh(&mut self) -> Vec<Taken> {
        std::mem::take(&mut self.fresh)
    }

    /// Polls runs at their start, for a while.
    pub(super) fn open_inline_poll(&mut self) {
        self.inline_poll.open();
    }

    pub(super) fn close_inline_poll(&mut self) {
        self.inline_poll.close();
    }

    /// Holds a job, and answers the number and the cancellation of its run.
    pub(super) fn hold(&mut self, id: &JobId) -> (u64, Cancellation) {
        self.held.insert(id)
    }

    /// Starts a run if a slot is free, and queues it otherwise. Its report, if it has ended at
    /// once.
    pub(super) fn admit(&mut self, run: Run, pending: &mut Pending) -> Option<RunReport> {
        if self.has_free_slot() && self.queued.is_empty() {
            return self.start(run, pending);
        }
        self.queued.push_back(run);
        None
    }

    /// The next queued run, if a slot is free for it.
    pub(super) fn next_queued(&mut self) -> Option<Run> {
        if self.has_free_slot() { self.queued.pop_front() } else { None }
    }

    fn has_free_slot(&self) -> bool {
        self.held.running() + self.awaiting.len() < self.capacity.concurrency
    }

    /// How many runs could start now.
    pub(super) fn free_slots(&self) -> usize {
        let taken = self.held.running() + self.awaiting.len() + self.queued.len();
        self.capacity.concurrency.saturating_sub(taken)
    }

    /// Starts a run. Its report, if it has ended at once.
    pub(super) fn start(&mut self, run: Run, pending: &mut Pending) -> Option<RunReport> {
        if run.is_at_most_once() {
            self.awaiting.await_settlement(run, pending);
            return None;
        }
        let (id, run_number, name) = (run.ctx.id().clone(), run.number, run.entry.name.clone());
        // In a box: it is polled here first, and a task is copied four times on its way into the
        // runtime.
        let mut future = Box::pin(run.go());
        if let Some(end) = self.inline_poll.poll(future.as_mut()) {
            return Some(RunReport { id, run: run_number, name, end });
        }
        let empty = RunReport { id: id.clone(), run: run_number, name, end: None };
        let task = self.spawn(empty, future);
        self.held.started(&id, task);
        None
    }

    /// Lets a run go on in a task, which reports its end.
    fn spawn(
        &self,
        empty: RunReport,
        run: Pin<Box<impl Future<Output = RunEnd> + Send + 'static>>,
    ) -> AbortHandle {
        tokio::spawn(placed(report(run, empty, self.reporter.clone()))).abort_handle()
    }

    /// The next report of a run.
    pub(super) async fn next_report(&mut self) -> Option<RunReport> {
        self.reports.recv().await
    }

    /// A report that is there already.
    pub(super) fn try_report(&mut self) -> Option<RunReport> {
        self.reports.try_recv().ok()
    }

    /// A run has ended. Whether it may still settle its job.
    pub(super) fn ended(&mut self, id: &JobId, run: u64) -> Standing {
        self.held.ended(id, run)
    }

    /// A call has settled a job. If its run has waited for that, it starts.
    pub(super) fn settled(&mut self, id: &JobId) {
        match self.awaiting.settled(id) {
            None => self.held.remove(id),
            Some(run) => {
                let name = run.entry.name.clone();
                let empty = RunReport { id: id.clone(), run: run.number, name, end: None };
                let task = self.spawn(empty, Box::pin(run.go()));
                self.held.started_settled(id, task);
            }
        }
    }

    /// A job is lost. Whether its run is alive.
    pub(super) fn lose(&mut self, id: &JobId) -> bool {
        self.held.lose(id)
    }

    /// Drops runs that have not started and whose jobs are no longer held. Answers the jobs of
    /// those that run at most once.
    pub(super) fn prune(&mut self) -> Vec<JobId> {
        let Self { held, queued, awaiting, .. } = self;
        queued.retain(|run| held.is_current(run.ctx.id(), run.number));
        awaiting.prune(|id, number| held.is_current(id, number))
    }

    /// Gives back jobs whose runs have not started.
    pub(super) fn release_waiting(&mut self, pending: &mut Pending) {
        for run in std::mem::take(&mut self.queued) {
            pending.put_back_unstarted(run.ctx.id().clone(), None);
        }
        self.awaiting.release(pending);
    }

    /// A job is to end as cancelled: tells its run. Answers that run's number and how long it may take
    /// to end by itself, if it is alive. A job whose run has not started ends at once.
    pub(super) fn cancel(
        &mut self,
        id: &JobId,
        reason: &CancelReason,
        pending: &mut Pending,
    ) -> Option<(u64, Duration)> {
        let CancelledJob { run, grace, alive } = self.held.cancel(id, reason)?;
        if alive {
            return Some((run, grace));
        }
        if let Some(at) = self.queued.iter().position(|queued| queued.number == run) {
            self.queued.remove(at);
            pending.push(id.clone(), Transition::Cancelled { reason: reason.clone() });
        }
        None
    }

    /// Whether this is the run of a job that is held, or is alive though its job is lost.
    pub(super) fn is_known(&self, id: &JobId, run: u64) -> bool {
        self.held.is_known(id, run)
    }

    /// Aborts this run of a held job. False if it has ended by itself.
    pub(super) fn abort(&mut self, id: &JobId, run: u64) -> bool {
        self.held.abort(id, run)
    }

    /// Aborts this live run whose job is lost. False if it has ended by itself.
    pub(super) fn abort_lost(&self, run: u64) -> bool {
        self.held.abort_lost(run)
    }

    /// Tells every run to stop.
    pub(super) fn cancel_all(&self) {
        self.held.cancel_all();
    }

    /// Aborts every live run of a held job, and answers the jobs.
    pub(super) fn abort_all(&mut self) -> Vec<JobId> {
        self.held.abort_all()
    }

    /// Aborts every run whose job was settled before, and answers their jobs.
    pub(super) fn abort_settled(&self) -> Vec<JobId> {
        self.held.abort_settled()
    }
}

#[cfg(test)]
mod tests;

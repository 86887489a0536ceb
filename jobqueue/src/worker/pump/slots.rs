//! The slots of a pump: the jobs in them, from the fetch to the end of the run.
//!
//! ```text
//! fetched → fresh → admitted → started ──────────────→ ended
//!                      ├→ queued, until a slot is free ─┤
//!                      ├→ gathered, for a batch ────────┘
//!                      └→ awaiting its settlement (at most once)
//! ```

use std::{collections::VecDeque, pin::Pin, time::Duration};

use tokio::{sync::mpsc, task::AbortHandle, time::Instant};

use super::{
    at_most_once::AwaitingRuns,
    gathering::{Gathered, Gathering},
    held::{CancelledJob, HeldJobs, Standing},
    inline_poll::InlinePoll,
    pending::Pending,
    seated::SeatedRuns,
};
use crate::{
    job::{CancelReason, JobId, JobName, Transition},
    policy::Batching,
    store::{MAX_BATCH, worker::Taken},
    task::placed,
    worker::{
        config::Capacity,
        handler_limits::Pass,
        registry::Entry,
        run::{BatchRun, Cancellation, Leave, Run, RunEnd, RunReport, report},
    },
};

/// How many times as many jobs wait for others of their groups as can run. Groups take turns, so
/// neighbours are of other groups, and with fewer no batch would have more than one.
const GROUPS: usize = 10;

/// The jobs of a pump.
pub(super) struct Slots {
    capacity: Capacity,
    held: HeldJobs,
    /// Jobs that the last turn fetched, before intake.
    fresh: Vec<Taken>,
    /// Fetched ahead, and waiting for a slot.
    queued: VecDeque<Run>,
    /// Waiting for others to run with.
    pub(super) gathering: Gathering,
    /// Those that run with others.
    seated: SeatedRuns,
    awaiting: AwaitingRuns,
    inline_poll: InlinePoll,
    reports: mpsc::Receiver<RunReport>,
    reporter: mpsc::Sender<RunReport>,
}

impl Slots {
    /// With so many jobs in a slot at most: one, unless there are batches.
    pub(super) fn new(capacity: Capacity, jobs_a_slot: usize) -> Self {
        // Each live run reports once, and slots bound how many live.
        let (reporter, reports) = mpsc::channel(capacity.total().saturating_mul(jobs_a_slot));
        Self {
            capacity,
            held: HeldJobs::default(),
            fresh: Vec::new(),
            queued: VecDeque::new(),
            gathering: Gathering::new(capacity.prefetch),
            seated: SeatedRuns::default(),
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

    /// How many more jobs fit in that take a slot each. One that has ended, or whose run was aborted,
    /// leaves its slot with the very turn that fetches; one that runs at most once doesn't.
    pub(super) fn room(&self) -> usize {
        let waiting = self.queued.len() + self.fresh.len() + self.gathering.handlers_but(None);
        let taken = self.taken().saturating_sub(self.held.aborted());
        self.capacity().saturating_sub(taken + waiting)
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

    /// Starts a run if a slot is free, and queues it otherwise; one of a batch waits for others. Its
    /// report, if it has ended at once.
    pub(super) fn admit(&mut self, run: Run, pending: &mut Pending) -> Option<RunReport> {
        if let Some(batching) = run.entry.batching() {
            self.gathering.add(run, batching, Instant::now());
            return None;
        }
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
        self.taken() + self.gathering.handlers_but(None) < self.capacity.concurrency
    }

    /// How many slots are taken: by each run, and by each batch of runs.
    pub(super) fn taken(&self) -> usize {
        let single = self.held.running().saturating_sub(self.seated.runs());
        single + self.seated.batches() + self.awaiting.slots()
    }

    /// How many runs could start now. A handler whose jobs wait for others keeps a slot free for them.
    pub(super) fn free_slots(&self) -> usize {
        self.slots_but(self.gathering.handlers_but(None))
    }

    /// How many batches of this handler could start now.
    pub(super) fn slots_for(&self, name: &JobName) -> usize {
        self.slots_but(self.gathering.handlers_but(Some(name)))
    }

    fn slots_but(&self, kept: usize) -> usize {
        let taken = self.taken() + self.queued.len() + kept;
        self.capacity.concurrency.saturating_sub(taken)
    }

    /// How many more jobs of a handler that runs batches may wait for others: as many as its batches
    /// could hold that can start now, and those that are fetched ahead. By group it is more.
    pub(super) fn batch_room(&self, entry: &Entry, batching: Batching, now: Instant) -> usize {
        let slots = self.slots_for(&entry.name);
        let starts = entry.room(slots, now).map_or(slots, |room| room.min(slots));
        let running = starts.saturating_mul(batching.max);
        let most = match batching.by_group {
            true => running.max(running.saturating_mul(GROUPS).min(MAX_BATCH)),
            false => running,
        };
        let most = most.saturating_add(self.capacity.prefetch);
        most.saturating_sub(self.gathering.of_handler(&entry.name))
    }

    /// Starts the batches whose time has come and for which there is a slot; gives back the jobs of
    /// those that have waited too long for one. Answers reports of runs that have ended at once.
    pub(super) fn start_batches(&mut self, pending: &mut Pending) -> Vec<RunReport> {
        let mut reports = Vec::new();
        if self.gathering.is_empty() {
            return reports;
        }
        let now = Instant::now();
        loop {
            let (taken, most) = (self.taken(), self.capacity.concurrency);
            let ripe = self.gathering.take_ripe(now, |gathering, entry| {
                let is_free = taken + gathering.handlers_but(Some(&entry.name)) < most;
                if is_free { entry.admit(true).ok() } else { None }
            });
            let Some((batch, pass)) = ripe else { break };
            reports.extend(self.start_batch(batch, pass, pending));
        }
        for run in self.gathering.take_overdue(now) {
            pending.put_back_unstarted(run.ctx.id().clone(), Some(run.entry.name.clone()));
        }
        reports
    }

    fn start_batch(
        &mut self,
        batch: Gathered,
        pass: Option<Box<Pass>>,
        pending: &mut Pending,
    ) -> Vec<RunReport> {
        let Gathered { number, entry, runs, .. } = batch;
        let guard = match entry.ask_breaker() {
            Ok(guard) => guard,
            Err(delay) => return runs.into_iter().map(|run| run.put_off(delay)).collect(),
        };
        let seats = BatchRun::start(number, entry, runs.len(), Leave { pass, guard });
        let seated = runs.into_iter().zip(seats);
        let seated = seated.map(|(run, seat)| Run { seat: Some(Box::new(seat)), ..run });
        let seated: Vec<Run> = seated.collect();
        seated.into_iter().filter_map(|run| self.start(run, pending)).collect()
    }

    /// Starts a run. Its report, if it has ended at once.
    pub(super) fn start(&mut self, run: Run, pending: &mut Pending) -> Option<RunReport> {
        if run.is_at_most_once() {
            self.awaiting.await_settlement(run, pending);
            return None;
        }
        let (id, run_number, name) = (run.ctx.id().clone(), run.number, run.entry.name.clone());
        let batch = run.seat.as_ref().map(|seat| seat.batch());
        // In a box: it is polled here first, and a task is copied four times on its way into the
        // runtime.
        let mut future = Box::pin(run.go());
        if let Some(end) = self.inline_poll.poll(future.as_mut()) {
            return Some(RunReport { id, run: run_number, name, end });
        }
        let empty = RunReport { id: id.clone(), run: run_number, name, end: None };
        let task = self.spawn(empty, future);
        self.held.started(&id, task);
        self.seated.started(run_number, batch);
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
        self.seated.ended(run);
        self.held.ended(id, run)
    }

    /// A call has settled a job. If its run has waited for that, it starts.
    pub(super) fn settled(&mut self, id: &JobId) {
        match self.awaiting.settled(id) {
            None => self.held.remove(id),
            Some(run) => {
                let name = run.entry.name.clone();
                let empty = RunReport { id: id.clone(), run: run.number, name, end: None };
                self.seated.started(run.number, run.seat.as_ref().map(|seat| seat.batch()));
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
        let Self { held, queued, gathering, awaiting, .. } = self;
        gathering.drop_runs(|run| !held.is_current(run.ctx.id(), run.number));
        queued.retain(|run| held.is_current(run.ctx.id(), run.number));
        awaiting.prune(|id, number| held.is_current(id, number))
    }

    /// Gives back jobs whose runs have not started.
    pub(super) fn release_waiting(&mut self, pending: &mut Pending) {
        let queued = std::mem::take(&mut self.queued);
        for run in queued.into_iter().chain(self.gathering.take_all()) {
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
        let queued = self.queued.iter().position(|queued| queued.number == run);
        if queued.and_then(|at| self.queued.remove(at)).is_some()
            || self.gathering.drop_runs(|gathered| gathered.number == run)
        {
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
        let aborted = self.held.abort(id, run);
        if aborted {
            // Until its report it counts by itself.
            self.seated.ended(run);
        }
        aborted
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

//! The jobs of a pump and what becomes of them: fetched → intake → run → concluded → settled.

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use super::{
    cancels::{CancelledRun, CancelledRuns},
    config::PumpConfig,
    drain::{Drain, DrainStep, GRACE},
    held::Standing,
    intake::{Accepted, RunMaker},
    pending::Pending,
    schedule::{Schedule, View, end_of_sleep},
    slots::Slots,
    supply::{self, Kinds, Supply},
};
use crate::{
    clock,
    job::{CancelMark, JobId, JobName, LastRun, Settlement, Transition, Tries, WorkerId},
    settle::{History, Intake, Rejection},
    store::{
        Marked, millis,
        worker::{Rooms, Taken, Turn},
    },
    worker::{
        registry::{Entry, Registry},
        run::{RunEnd, RunReport},
        signals::Phase,
        telemetry::{QueueTelemetry, Times},
    },
};
/// How often a pump yields to runs that are about to end, before it makes a turn.
const YIELDS: usize = 16;

/// The jobs of a pump.
pub(super) struct Jobs {
    pub(super) slots: Slots,
    pub(super) pending: Pending,
    maker: RunMaker,
    registry: Arc<Registry>,
    /// Runs whose jobs are cancelled.
    cancelled: CancelledRuns,
    telemetry: QueueTelemetry,
    /// This process, as jobs that have ended tell of it.
    process: String,
    phase: watch::Receiver<Phase>,
    kinds: Kinds,
}

impl Jobs {
    pub(super) fn new(pump: &PumpConfig, worker: watch::Receiver<WorkerId>) -> Self {
        let (capacity, kinds) = (pump.config.capacity, Kinds::of(&pump.registry));
        let telemetry = pump.telemetry.clone();
        Self {
            slots: Slots::new(capacity, kinds.jobs_a_slot),
            pending: Pending::default(),
            maker: RunMaker::new(pump, worker),
            registry: pump.registry.clone(),
            cancelled: CancelledRuns::default(),
            telemetry: QueueTelemetry::new(telemetry, pump.store.clone(), capacity.concurrency),
            process: pump.client.process().line(),
            phase: pump.phase.clone(),
            kinds,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// As the schedule looks at it.
    pub(super) fn view(&self) -> View {
        let Self { slots, pending, .. } = self;
        let supply = Supply::of(slots, &self.registry, self.kinds);
        View {
            now: Instant::now(),
            phase: self.phase(),
            demand: self.registry.demand(),
            room: supply.room,
            more_at: supply.more_at,
            capacity: slots.capacity().saturating_mul(self.kinds.jobs_a_slot),
            jobs_a_slot: self.kinds.jobs_a_slot,
            pending: !pending.is_empty(),
            empty: slots.is_empty(),
            idle: slots.is_idle(),
        }
    }

    /// How many jobs of each handler that has limits can start now.
    pub(super) fn rooms(&self) -> Rooms {
        supply::rooms(&self.slots, &self.registry, self.kinds)
    }

    /// Whether fetched jobs must start before it is known how many more can.
    pub(super) fn counts_starts(&self) -> bool {
        self.kinds.limited && self.slots.has_fresh()
    }

    /// A turn was answered. Its jobs start when the next call is under way, or there is none to
    /// make.
    pub(super) fn fetched(&mut self, turn: Turn) {
        self.kinds.fetched();
        self.maker.answered(turn.now, turn.more.dead_letter);
        self.slots.fetched(turn.taken);
    }

    /// Starts the jobs that the last turn fetched.
    pub(super) fn start_fresh(&mut self, schedule: &mut Schedule) {
        self.slots.open_inline_poll();
        for taken in self.slots.take_fresh() {
            self.take(taken, schedule);
        }
        self.start_batches(schedule);
        self.slots.close_inline_poll();
    }

    /// Starts batches whose time has come.
    fn start_batches(&mut self, schedule: &mut Schedule) {
        for report in self.slots.start_batches(&mut self.pending) {
            self.conclude(report, schedule);
        }
    }

    /// A job has been fetched: it runs, fails, or goes back.
    fn take(&mut self, taken: Taken, schedule: &mut Schedule) {
        let Taken { id, record, tries, stalls, misses, expired, was_lost: _ } = taken;
        let Tries { attempts, snoozes, due } = tries;
        let history = History { attempts, snoozes, stalls, misses, expired, due };
        match self.maker.intake(record.as_ref(), history) {
            Intake::Run { record, policy, handler: entry } => {
                let Ok(pass) = supply::admit(&self.slots, &entry, self.kinds) else {
                    return self.put_back(id, entry.name.clone());
                };
                let ready_at = self.maker.ready_at(&record, history);
                let (number, cancellation) = self.slots.hold(&id);
                cancellation.set_grace(entry.rules.cancel_grace);
                let job = Accepted { id, record, policy, entry, ready_at, pass };
                let run = self.maker.make(job, number, cancellation);
                if let Some(report) = self.slots.admit(run, &mut self.pending) {
                    self.conclude(report, schedule);
                }
            }
            Intake::Reject(rejection) => self.reject(id, record.unwrap_or_default(), rejection),
            Intake::Return { record, delay, end } => {
                self.telemetry.returned(&id, &record);
                self.slots.hold(&id);
                schedule.yield_for(delay, Instant::now());
                self.pending.push(id, end);
            }
        }
    }

    /// A job's handler has no room for it: it goes back, to wait for that.
    fn put_back(&mut self, id: JobId, handler: JobName) {
        self.slots.hold(&id);
        self.pending.put_back_unstarted(id, Some(handler));
        self.kinds.had_no_room();
    }

    /// A job fails without a run.
    fn reject(&mut self, id: JobId, record: Bytes, rejection: Rejection<Arc<Entry>>) {
        self.slots.hold(&id);
        let (mut decision, handler) = self.maker.reject(&id, record, rejection);
        let handler = handler.as_ref().map(|entry| (&entry.name, &entry.metrics));
        self.telemetry.rejected(&id, &mut decision, handler);
        self.pending.conclude(id, decision);
    }

    /// Lets outcomes gather before a turn: runs that are about to end still come into it, without a
    /// timer.
    pub(super) async fn gather(&mut self, schedule: &mut Schedule) {
        self.note_all(schedule);
        for _ in 0..YIELDS {
            let before = self.pending.len();
            if self.slots.running() == 0 {
                break;
            }
            tokio::task::yield_now().await;
            self.note_all(schedule);
            if self.pending.len() == before {
                break;
            }
        }
    }

    fn note_all(&mut self, schedule: &mut Schedule) {
        while let Some(report) = self.slots.try_report() {
            self.note(report, schedule);
        }
    }

    /// A run has ended: its job is concluded, and a queued run takes its slot.
    pub(super) fn note(&mut self, report: RunReport, schedule: &mut Schedule) {
        match self.slots.ended(&report.id, report.run) {
            Standing::Counts => self.conclude(report, schedule),
            Standing::Settled => {
                if let Some(RunEnd { decision, times }) = report.end {
                    self.telemetry.settled_run_ended(&report.id, &report.name, decision, times);
                }
            }
            Standing::Lost => {}
        }
        if self.kinds.limited {
            self.kinds.run_ended();
            // Its handler has room again, perhaps for a job that waits for that.
            schedule.room_again();
        }
        self.start_waiting(schedule);
    }

    /// What becomes of a job after its run.
    fn conclude(&mut self, report: RunReport, schedule: &mut Schedule) {
        let RunReport { id, name, end, .. } = report;
        let Some(RunEnd { mut decision, times }) = end else {
            // Aborted with its runtime. After an abort by a drain, the report doesn't count.
            self.pending.release(id);
            return;
        };
        self.telemetry.concluded(&id, Some(&name), &mut decision, times);
        if let Some(Times { waited, took }) = times
            && let Transition::Completed { keep, outcome }
            | Transition::Failed { keep, outcome, .. } = &mut decision.end
            && !keep.keeps_nothing()
        {
            let started = clock::now().timestamp_millis().saturating_sub_unsigned(millis(took));
            LastRun::append(outcome, &self.process, started, waited, took);
        }
        schedule.run_ended(self.registry.demand());
        self.pending.conclude(id, decision);
    }

    /// Starts what waits for a slot, batches first.
    fn start_waiting(&mut self, schedule: &mut Schedule) {
        self.start_batches(schedule);
        self.start_queued(schedule);
    }

    /// Starts queued runs that find a slot. In a drain their jobs go back instead.
    fn start_queued(&mut self, schedule: &mut Schedule) {
        while !matches!(*self.phase.borrow(), Phase::Draining(_))
            && let Some(run) = self.slots.next_queued()
        {
            if let Some(report) = self.slots.start(run, &mut self.pending) {
                self.conclude(report, schedule);
            }
        }
    }

    /// A call has settled these.
    pub(super) fn settled(&mut self, settlements: &[Settlement]) {
        settlements.iter().for_each(|settlement| self.slots.settled(&settlement.id));
        self.telemetry.settled(settlements);
    }

    /// The jobs that the pump holds. Others that Redis has for it go back when it joins anew.
    pub(super) fn known(&mut self, schedule: &mut Schedule) -> Vec<JobId> {
        self.start_fresh(schedule);
        self.slots.ids()
    }

    /// The pump has joined anew: compares the jobs that it believed to hold with those that it
    /// holds. `lost` says whether the lease was lost before.
    pub(super) fn reconcile(&mut self, kept: Vec<JobId>, lost: bool, schedule: &mut Schedule) {
        let kept: HashSet<JobId> = kept.into_iter().collect();
        // A pending settlement whose job is no longer held was carried out by the call whose answer
        // was lost; or it is refused, if the lease was lost.
        let ended = self.pending.ids();
        self.pending.keep(&kept);
        for id in self.slots.ids().into_iter().filter(|id| !kept.contains(id)) {
            let alive = self.slots.lose(&id);
            if lost || alive || !ended.contains(&id) {
                self.telemetry.lost(&id);
            }
        }
        self.slots.prune().iter().for_each(|id| self.telemetry.not_run(id));
        self.start_waiting(schedule);
        self.telemetry.joined(self.slots.holds());
    }

    /// One step of a drain: batches start with what they have, and jobs whose runs have not started go
    /// back; once its time is over, runs
    /// are told to stop, and a moment later aborted. False if no job is left.
    pub(super) fn drain(
        &mut self,
        drain: &mut Drain,
        deadline: Instant,
        schedule: &mut Schedule,
    ) -> bool {
        self.start_fresh(schedule);
        self.slots.gathering.close(Instant::now());
        self.start_batches(schedule);
        self.slots.release_waiting(&mut self.pending);
        if self.slots.is_empty() {
            return false;
        }
        match drain.step(deadline, Instant::now()) {
            DrainStep::Wait => {}
            DrainStep::Cancel => {
                self.telemetry.told_to_stop(self.slots.holds());
                self.slots.cancel_all();
            }
            DrainStep::Abort => self.abort(),
        }
        true
    }

    /// Jobs are to end as cancelled: their runs are told, and aborted if they don't end in time.
    pub(super) fn cancel(&mut self, marked: &[Marked], schedule: &mut Schedule) {
        // Those of the last turn may be among them.
        self.start_fresh(schedule);
        for Marked { ids, mark: CancelMark { reason, grace, .. } } in marked {
            for id in ids {
                if let Some((run, own)) = self.slots.cancel(id, reason, &mut self.pending) {
                    self.cancelled.add(id.clone(), run, reason.clone(), grace.unwrap_or(own));
                }
            }
        }
        // Batches may keep fewer slots free now.
        self.start_waiting(schedule);
    }

    /// When a sleep that was planned until then ends: in time to abort a run of a cancelled job, and to
    /// start a batch.
    pub(super) fn sleeps(&self, until: Instant, is_fetching: bool) -> Instant {
        let until = end_of_sleep(until, is_fetching);
        let batch = self.slots.gathering.next(Instant::now());
        self.cancelled.next().into_iter().chain(batch).fold(until, Instant::min)
    }

    /// Aborts runs of cancelled jobs whose time to end by themselves is over.
    fn abort_overdue(&mut self) {
        for CancelledRun { id, run, reason, .. } in self.cancelled.overdue(Instant::now()) {
            if self.slots.abort(&id, run) {
                self.telemetry.cancelled_run_aborted(&id);
                self.pending.push(id, Transition::Cancelled { reason });
            } else if self.slots.abort_lost(run) {
                // The lease was lost meanwhile, and it didn't listen to that either.
                self.telemetry.cancelled_run_aborted(&id);
            }
        }
        let slots = &self.slots;
        self.cancelled.keep(|run| slots.is_known(&run.id, run.run));
    }

    fn abort(&mut self) {
        for id in self.slots.abort_all() {
            self.telemetry.aborted(&id);
            self.pending.release(id);
        }
        for id in self.slots.abort_settled() {
            self.telemetry.settled_run_aborted(&id);
        }
    }

    /// Once a round: starts batches, aborts what is overdue, and tells how many slots are taken, and
    /// what was counted of runs.
    pub(super) fn tell(&mut self, schedule: &mut Schedule) {
        self.start_waiting(schedule);
        if !self.cancelled.is_empty() {
            self.abort_overdue();
        }
        self.telemetry.turn(self.slots.taken());
    }

    /// Tells the rest, at the end.
    pub(super) async fn tell_rest(&mut self) {
        self.telemetry.flush(GRACE).await;
    }
}

//! The jobs of a pump and what becomes of them: fetched → intake → run → concluded → settled.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use super::{
    PumpConfig,
    drain::{DrainStep, GRACE},
    held::Standing,
    pending::Pending,
    schedule::Schedule,
    slots::Slots,
};
use crate::{
    job::{Codec, JobId, Record, Settlement, WorkerId},
    settle::{
        Candidate, DeadLetterRoute, EndedJob, HandoutLimit, History, Intake, JobDefaults,
        Rejection, RunPolicy, decide, intake,
    },
    store::worker::{Holding, Taken, Turn},
    worker::{
        registry::{Entry, Registry},
        run::{
            Context, ContextParts, DeadLetterQueues, Run, RunEnd, RunReport, RunShared, run_trace,
        },
        signals::Phase,
        states::States,
        telemetry::{QueueTelemetry, ServerClock},
    },
};

/// How often a pump yields to runs that are about to end, before it makes a turn.
const YIELDS: usize = 16;

/// The jobs of a pump.
pub(super) struct Jobs {
    pub(super) slots: Slots,
    pub(super) pending: Pending,
    registry: Arc<Registry>,
    defaults: JobDefaults,
    states: Arc<States>,
    shared: Arc<RunShared>,
    telemetry: QueueTelemetry,
    phase: watch::Receiver<Phase>,
    /// As of the last turn.
    clock: Option<ServerClock>,
}

impl Jobs {
    pub(super) fn new(pump: &PumpConfig, worker: watch::Receiver<WorkerId>) -> Self {
        let PumpConfig { store, registry, config, states, telemetry, phase, relays, .. } = pump;
        let concurrency = config.capacity.concurrency;
        Self {
            slots: Slots::new(config.capacity),
            pending: Pending::default(),
            registry: registry.clone(),
            defaults: config.defaults,
            states: states.clone(),
            shared: Arc::new(RunShared {
                store: store.clone(),
                worker,
                telemetry: telemetry.clone(),
                on_span: config.on_span.clone(),
                relays: relays.clone(),
                dead_letters: DeadLetterQueues::new(config.dead_letter.clone()),
            }),
            telemetry: QueueTelemetry::new(telemetry.clone(), store.clone(), concurrency),
            phase: phase.clone(),
            clock: None,
        }
    }

    /// A turn was answered. Its jobs start when the next call is under way, or there is none to make.
    pub(super) fn fetched(&mut self, turn: Turn) {
        self.clock = Some(ServerClock::new(turn.now));
        self.slots.fetched(turn.taken);
        self.shared.dead_letters.note(turn.more.dead_letter);
    }

    /// Starts the jobs that the last turn fetched.
    pub(super) fn start_fresh(&mut self, schedule: &mut Schedule) {
        self.slots.open_inline_poll();
        for taken in self.slots.take_fresh() {
            self.take(taken, schedule);
        }
        self.slots.close_inline_poll();
    }

    /// A job has been fetched: it runs, fails, or goes back.
    fn take(&mut self, taken: Taken, schedule: &mut Schedule) {
        let Taken { id, record, attempts, stalls, misses, expired } = taken;
        let history = History { attempts, stalls, misses, expired };
        let job = Candidate { record: record.as_ref(), history };
        let limit = HandoutLimit::Stalls(self.defaults.max_stalls);
        let find = |name: &str| self.registry.get(name).map(Entry::known);
        match intake(&job, limit, &self.defaults, find) {
            Intake::Run { record, policy, handler } => {
                let clock = self.clock.filter(|_| history.is_first());
                let ready_at = clock.and_then(|clock| clock.ready_at(&record));
                let run = self.make_run(id, record, policy, handler, ready_at);
                if let Some(report) = self.slots.admit(run, &mut self.pending) {
                    self.conclude(report.id, report.end, schedule);
                }
            }
            Intake::Reject(rejection) => self.reject(id, record.unwrap_or_default(), rejection),
            Intake::Return { record, end } => {
                self.telemetry.returned(&id, &record);
                self.slots.hold(&id);
                schedule.yield_for(self.defaults.unknown_delay, Instant::now());
                self.pending.push(id, end);
            }
        }
    }

    fn make_run(
        &mut self,
        id: JobId,
        record: Record,
        policy: RunPolicy,
        entry: Arc<Entry>,
        ready_at: Option<Instant>,
    ) -> Run {
        let (number, cancellation) = self.slots.hold(&id);
        let ctx = Context::new(ContextParts {
            id,
            attempt: policy.attempt,
            attempts: policy.attempts,
            states: self.states.clone(),
            trace: run_trace(&record),
            record,
            deadline: OnceLock::new(),
            cancellation,
            delivery: policy.delivery,
            shared: Some(self.shared.clone()),
        });
        Run { ready_at, number, ctx, policy, entry }
    }

    /// A job fails without a run.
    fn reject(&mut self, id: JobId, record: Bytes, rejection: Rejection<Arc<Entry>>) {
        self.slots.hold(&id);
        let Rejection { outcome, policy, reply_to, handler } = rejection;
        let of_handler = handler.as_ref().and_then(|entry| entry.dead_letter.as_ref());
        let (from, errors) = (self.shared.store.name(), Vec::new());
        let to = self.shared.dead_letters.choose(from, of_handler);
        let dead_letter = to.map(|to| DeadLetterRoute { to, from, record, errors });
        let (codec, reply_to) = (Codec::default(), reply_to.as_ref());
        let mut decision =
            decide(outcome, &policy, EndedJob { id: &id, codec, reply_to, dead_letter });
        let metrics = handler.as_ref().map(|entry| &entry.metrics);
        self.telemetry.rejected(&id, &mut decision, metrics);
        self.pending.conclude(id, decision);
    }

    /// Lets outcomes gather before a turn: runs that are about to end still come into it, without a timer.
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
        let RunReport { id, run, end } = report;
        match (self.slots.ended(&id, run), end) {
            (Standing::Counts, end) => self.conclude(id, end, schedule),
            (Standing::Settled, Some(RunEnd { decision, times })) => {
                self.telemetry.settled_run_ended(&id, decision, times);
            }
            (Standing::Settled, None) | (Standing::Lost, _) => {}
        }
        self.start_queued(schedule);
    }

    /// What becomes of a job after its run.
    fn conclude(&mut self, id: JobId, end: Option<RunEnd>, schedule: &mut Schedule) {
        let Some(RunEnd { mut decision, times }) = end else {
            // Aborted with its runtime. After an abort by a drain, the report doesn't count.
            self.pending.release(id);
            return;
        };
        self.telemetry.concluded(&id, &mut decision, times);
        schedule.run_ended(self.registry.demand());
        self.pending.conclude(id, decision);
    }

    /// Starts queued runs that find a slot. In a drain their jobs go back instead.
    fn start_queued(&mut self, schedule: &mut Schedule) {
        while !matches!(*self.phase.borrow(), Phase::Draining(_))
            && let Some(run) = self.slots.next_queued()
        {
            if let Some(report) = self.slots.start(run, &mut self.pending) {
                self.conclude(report.id, report.end, schedule);
            }
        }
    }

    /// A call has settled these.
    pub(super) fn settled(&mut self, settlements: &[Settlement]) {
        settlements.iter().for_each(|settlement| self.slots.settled(&settlement.id));
        self.telemetry.settled(settlements);
    }

    /// The pump has joined anew: compares the jobs that it believed to hold with those that it holds. `lost`
    /// says whether the lease was lost before.
    pub(super) fn reconcile(&mut self, holding: Holding, lost: bool, schedule: &mut Schedule) {
        let kept: HashSet<JobId> = holding.kept.into_iter().collect();
        // A pending settlement whose job is no longer held was carried out by the call whose answer was lost;
        // or it is refused, if the lease was lost.
        let ended = self.pending.ids();
        self.pending.keep(&kept);
        for id in self.slots.ids().into_iter().filter(|id| !kept.contains(id)) {
            let alive = self.slots.lose(&id);
            if lost || alive || !ended.contains(&id) {
                self.telemetry.lost(&id);
            }
        }
        self.slots.prune().iter().for_each(|id| self.telemetry.not_run(id));
        self.start_queued(schedule);
        for taken in holding.found {
            self.take(taken, schedule);
        }
        self.telemetry.joined(self.slots.holds());
    }

    /// Gives back jobs whose runs have not started.
    pub(super) fn release_waiting(&mut self) {
        self.slots.release_waiting(&mut self.pending);
    }

    /// Once the time to drain is over: tells runs to stop, and a moment later aborts them.
    pub(super) fn drain(&mut self, step: DrainStep) {
        match step {
            DrainStep::Wait => {}
            DrainStep::Cancel => {
                self.telemetry.cancelled(self.slots.holds());
                self.slots.cancel_all();
            }
            DrainStep::Abort => {
                for id in self.slots.abort_all() {
                    self.telemetry.aborted(&id);
                    self.pending.release(id);
                }
                for id in self.slots.abort_settled() {
                    self.telemetry.settled_run_aborted(&id);
                }
            }
        }
    }

    /// Tells how many runs are alive, and what was counted of runs.
    pub(super) fn tell(&mut self) {
        self.telemetry.turn(self.slots.running());
    }

    /// Tells the rest, at the end.
    pub(super) async fn tell_rest(&mut self) {
        self.telemetry.flush(GRACE).await;
    }
}

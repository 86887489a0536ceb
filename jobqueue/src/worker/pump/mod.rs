//! The pump: one for each queue of a worker.
//!
//! ```text
//! loop { wait for a reason → let outcomes gather → turn (one call) → start what was fetched }
//! ```

mod at_most_once;
mod inline_poll;
pub(crate) mod lease;
mod slots;
mod turn;
mod wait;
mod wake;

pub(crate) use lease::Lease;
pub(crate) use wake::MAX_SLEEP;

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::{Arc, OnceLock, RwLock},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time::Instant,
};
use tracing::{debug, info, warn};

use self::{
    inline_poll::InlinePoll,
    slots::{Slots, Standing},
    wake::WakeListener,
};
use super::{
    config::Config,
    extract::States,
    registry::{Entry, Registry},
    run::{Context, ContextParts, Demand, Ending, Run, RunReport, RunShared, report, run_trace},
    signals::Phase,
    telemetry::{EventSender, PendingStats, QueueMeter, ServerClock, WorkerEvent},
};
use crate::{
    error::Result,
    job::{Delivery, JobId, Record, Settlement, Transition, WorkerId},
    outbox::Relays,
    settle::RunPolicy,
    store::{QueueStore, worker::Taken},
};

/// How often a pump steps back for runs that are about to end, before it makes a turn.
const STEPS_BACK: usize = 16;

/// A pump that has room for more than so many jobs fetches half of what it can hold: while Redis hands out one
/// half, the other runs. With all in one call, either would wait. For fewer, a call's fixed cost counts.
const SHARE: usize = 100;

/// How long cancelled runs may take to end by themselves before they are aborted.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// What a pump is given.
#[derive(Clone)]
pub(crate) struct PumpConfig {
    pub(crate) store: QueueStore,
    pub(crate) registry: Arc<Registry>,
    pub(crate) config: Arc<Config>,
    pub(crate) states: Arc<States>,
    pub(crate) events: EventSender,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) relays: Relays,
}

pub(crate) struct Pump {
    pub(crate) parts: PumpConfig,
    /// The name that this pump goes by now; runs follow it.
    pub(crate) worker: watch::Sender<WorkerId>,
    /// What runs talk to Redis and to listeners by.
    pub(crate) line: Arc<RunShared>,
    pub(crate) slots: Slots,
    /// What the last turn brought, not looked at yet.
    pub(crate) fresh: Vec<Taken>,
    /// Fetched ahead, and waiting for a slot.
    queued: VecDeque<Run>,
    /// Runs that start when their jobs have been settled; see `once`.
    pub(crate) awaiting: HashMap<JobId, Run>,
    /// How runs ended, for the next turn to tell.
    pub(crate) outcomes: Vec<Settlement>,
    /// How long the next turn holds the queue.
    pub(crate) throttle: Duration,
    pub(crate) fetch_state: FetchState,
    pub(crate) inline_poll: InlinePoll,
    /// When to look for jobs that have expired, also with no slot free; where none ever do, never.
    pub(crate) expires: Option<Instant>,
    /// Until when this pump lets others come first to what is due: it has sent a job back for them.
    pub(crate) yields_until: Option<Instant>,
    pub(crate) reports: mpsc::Receiver<RunReport>,
    reporter: mpsc::Sender<RunReport>,
    pub(crate) listener: WakeListener,
    /// Whether nothing is due, as of the last turn, before a worker looks for itself.
    pub(crate) nothing_due: bool,
    /// Whether a heartbeat found the lease lost.
    pub(crate) lease_lost: bool,
    pub(crate) meter: QueueMeter,
    /// What was observed of runs.
    pub(crate) tally: PendingStats,
    /// As of the last turn.
    pub(crate) clock: Option<ServerClock>,
}

/// A job that was fetched, and what runs it.
pub(crate) struct Fetched {
    pub(crate) id: JobId,
    pub(crate) record: Record,
    pub(crate) run_policy: RunPolicy,
    pub(crate) entry: Arc<Entry>,
    /// Since when it is ready, if this is its first attempt.
    pub(crate) ready_at: Option<Instant>,
}

/// What the pump expects of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchState {
    /// There is work, most likely.
    Ready,
    /// There is none for now: sleep until the token comes, or until then.
    Idle(Instant),
    /// There is, but it may not be fetched before then.
    Throttled(Instant),
}

impl Pump {
    pub(crate) fn new(parts: PumpConfig) -> Self {
        let slots = parts.config.slots;
        // Each live run reports once, and slots bound how many live.
        let (reporter, reports) = mpsc::channel(slots.concurrency + slots.prefetch);
        let listener = WakeListener::spawn(&parts.store);
        let worker = watch::Sender::new(WorkerId::generate());
        let line = RunShared {
            store: parts.store.clone(),
            worker: worker.subscribe(),
            events: parts.events.clone(),
            on_span: parts.config.on_span.clone(),
            dead_letter: parts.config.dead_letter.clone(),
            relays: parts.relays.clone(),
            queues: RwLock::default(),
        };
        let meter = QueueMeter::new(parts.store.name(), slots.concurrency);
        Self {
            parts,
            meter,
            worker,
            line: Arc::new(line),
            slots: Slots::default(),
            fresh: Vec::new(),
            queued: VecDeque::new(),
            awaiting: HashMap::new(),
            outcomes: Vec::new(),
            throttle: Duration::ZERO,
            fetch_state: FetchState::Ready,
            inline_poll: InlinePoll::new(),
            expires: None,
            yields_until: None,
            reports,
            reporter,
            listener,
            nothing_due: false,
            lease_lost: false,
            tally: PendingStats::default(),
            clock: None,
        }
    }

    /// Works until the phase says otherwise. An error is one that no waiting mends.
    pub(crate) async fn run(mut self) -> Result<()> {
        self.join(None).await?;
        info!(queue = %self.parts.store.name(), worker = %*self.worker.borrow(), handlers = ?self.parts.registry.names(), "working");
        let mut cancelled = None;
        loop {
            self.wait().await?;
            self.gather().await;
            if let Phase::Draining(deadline) = self.phase() {
                self.start_fresh();
                self.release_queued();
                if self.slots.is_empty() {
                    break;
                }
                self.hurry(deadline, &mut cancelled);
            }
            self.turn().await?;
            if self.gave_up() {
                break;
            }
        }
        self.tell_rest(GRACE).await;
        self.leave().await;
        self.parts.relays.finish(self.parts.store.name(), GRACE * 2).await;
        Ok(())
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.parts.phase.borrow()
    }

    /// How many jobs Redis says this worker holds, if both are in step.
    pub(crate) fn holds(&self) -> usize {
        self.slots.len() + self.fresh.len()
    }

    /// How many more jobs this pump can take.
    pub(crate) fn room(&self) -> usize {
        let slots = self.parts.config.slots;
        // What has ended leaves its slot with the very turn that fetches.
        let taken = self.slots.slots() + self.fresh.len() + self.awaiting.len();
        let taken = taken.saturating_sub(self.outcomes.len());
        (slots.concurrency + slots.prefetch).saturating_sub(taken)
    }

    /// How many to ask for now.
    pub(crate) fn want(&self) -> usize {
        let may =
            self.phase() == Phase::Working && !matches!(self.fetch_state, FetchState::Throttled(_));
        if !may {
            return 0;
        }
        let most = match self.parts.registry.demand() {
            Demand::Any => crate::store::MAX_BATCH,
            Demand::One => 1,
            Demand::NoneUntil(_) | Demand::None => 0,
        };
        let slots = self.parts.config.slots;
        self.room().min(most).min(((slots.concurrency + slots.prefetch) / 2).max(SHARE))
    }

    /// Lets outcomes gather: runs that are about to end end in this turn, which costs no timer.
    async fn gather(&mut self) {
        self.note_all();
        for _ in 0..STEPS_BACK {
            let before = self.outcomes.len();
            if self.slots.running() == 0 {
                break;
            }
            tokio::task::yield_now().await;
            self.note_all();
            if self.outcomes.len() == before {
                break;
            }
        }
    }

    fn note_all(&mut self) {
        while let Ok(finished) = self.reports.try_recv() {
            self.note(finished);
        }
    }

    /// Whether a job that was fetched ahead waits for a slot.
    pub(crate) fn has_queued(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Waits for a run to end, so that what waits for its slot begins.
    pub(crate) async fn follow_up(&mut self) {
        if let Some(finished) = self.reports.recv().await {
            self.note(finished);
        }
    }

    /// Takes note of how a run ended.
    pub(crate) fn note(&mut self, RunReport { id, run, decision }: RunReport) {
        match self.slots.ended(&id, run) {
            Standing::Counts => {}
            Standing::Settled => return self.note_settled_run(&id, decision),
            Standing::Lost => return,
        }
        self.conclude(id, decision);
        self.start_queued();
    }

    /// What a run comes to, for its job.
    fn conclude(&mut self, id: JobId, ended: Option<Ending>) {
        let Some((decision, times)) = ended else {
            // Aborted: by a shutdown, which has released the job, or with the runtime.
            self.release(id);
            return;
        };
        if let Some(times) = times {
            self.tally.ended(times, matches!(decision.end, Transition::Retried { .. }));
        }
        self.throttle = self.throttle.max(decision.throttle);
        if let Demand::NoneUntil(until) = self.parts.registry.demand() {
            self.fetch_state = FetchState::Throttled(until.into());
        }
        let events = &self.parts.events;
        match (&decision.end, decision.failure) {
            (Transition::Retried { delay, .. }, Some(failure)) => {
                let (id, delay) = (id.clone(), *delay);
                events.say(|| WorkerEvent::Retrying { id, failure, delay });
            }
            (Transition::Failed { .. }, Some(failure)) => {
                events.failed(&id, failure, decision.dead_letter)
            }
            (Transition::Released { .. }, _) => {
                let id = id.clone();
                events.say(|| WorkerEvent::Released { id });
            }
            _ => {}
        }
        self.outcomes.push(Settlement { id, end: decision.end, effects: decision.effects });
    }

    /// Makes a run of a job, and starts it if a slot is free.
    pub(crate) fn admit(&mut self, job: Fetched) {
        let Fetched { id, record, run_policy, entry, ready_at } = job;
        let (number, signals) = self.slots.insert(&id);
        let ctx = Context::new(ContextParts {
            id,
            attempt: run_policy.attempt,
            attempts: run_policy.attempts,
            states: self.parts.states.clone(),
            trace: run_trace(&record),
            record,
            deadline: OnceLock::new(),
            signals,
            delivery: entry.rules.delivery,
            line: Some(self.line.clone()),
        });
        let run = Run { ready_at, number, ctx, run_policy, entry };
        if self.has_free_slot() && self.queued.is_empty() {
            self.start(run);
        } else {
            self.queued.push_back(run);
        }
    }

    fn has_free_slot(&self) -> bool {
        self.slots.running() + self.awaiting.len() < self.parts.config.slots.concurrency
    }

    fn start(&mut self, run: Run) {
        if run.entry.rules.delivery == Delivery::AtMostOnce {
            return self.await_settlement(run);
        }
        let (id, number) = (run.ctx.id().clone(), run.number);
        // In a box: it is polled here first, and a task is copied four times on its way into the runtime.
        let mut run = Box::pin(run.go());
        if let Some(ended) = self.inline_poll.at(run.as_mut()) {
            return self.conclude(id, ended);
        }
        let task = self.follow(RunReport { id: id.clone(), run: number, decision: None }, run);
        self.slots.started(&id, task);
    }

    pub(crate) fn spawn(&self, run: Run) -> AbortHandle {
        let finished = RunReport { id: run.ctx.id().clone(), run: run.number, decision: None };
        self.follow(finished, Box::pin(run.go()))
    }

    /// Lets a run go on in a task of its own, which reports its end.
    fn follow(
        &self,
        finished: RunReport,
        run: Pin<Box<impl Future<Output = Ending> + Send + 'static>>,
    ) -> AbortHandle {
        tokio::spawn(report(run, finished, self.reporter.clone())).abort_handle()
    }

    /// Starts what was fetched ahead and finds a slot. At a shutdown it goes back instead.
    pub(crate) fn start_queued(&mut self) {
        while !matches!(self.phase(), Phase::Draining(_))
            && self.has_free_slot()
            && let Some(run) = self.queued.pop_front()
        {
            self.start(run);
        }
    }

    /// Forgets queued jobs that are no longer held.
    pub(crate) fn prune_queued(&mut self) {
        self.queued.retain(|run| self.slots.is_current(run.ctx.id(), run.number));
    }

    /// Hands back what was fetched ahead and has not begun.
    fn release_queued(&mut self) {
        for run in std::mem::take(&mut self.queued) {
            self.release(run.ctx.id().clone());
        }
        self.release_awaiting();
    }

    /// Back to its own place in the queue, with no attempt counted.
    fn release(&mut self, id: JobId) {
        let end = Transition::Released { delay: Duration::ZERO, misses: None };
        self.outcomes.push(Settlement { id, end, effects: Vec::new() });
    }

    /// Once the time to drain is over: tells runs to stop, and a moment later ends them.
    fn hurry(&mut self, deadline: Instant, cancelled: &mut Option<Instant>) {
        let now = Instant::now();
        if now < deadline {
            return;
        }
        match *cancelled {
            None => {
                warn!(queue = %self.parts.store.name(), runs = self.slots.len(), "time to drain is over: runs are told to stop");
                self.slots.cancel_all();
                *cancelled = Some(now);
            }
            Some(since) if now >= since + GRACE => {
                for id in self.slots.abort_all() {
                    debug!(%id, "handed back");
                    self.release(id);
                }
                for id in self.slots.abort_settled() {
                    warn!(%id, "this run was ended, and its job runs at most once: it is not run again");
                }
            }
            Some(_) => {}
        }
    }

    /// Whether a shutdown waited for Redis for long enough.
    fn gave_up(&self) -> bool {
        let limit = self.parts.store.response_limit().min(MAX_SLEEP) + GRACE;
        matches!(self.phase(), Phase::Draining(deadline) if Instant::now() > deadline + limit * 2)
    }
}

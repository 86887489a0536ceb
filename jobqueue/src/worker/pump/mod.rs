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
pub(crate) use wake::LONGEST_SLEEP;

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
    inline_poll::Glance,
    slots::{Held, Standing},
    wake::Listener,
};
use super::{
    config::Config,
    extract::States,
    registry::{Entry, Registry},
    run::{Appetite, Context, ContextParts, Ending, Finished, Line, Run, report, run_trace},
    signals::Phase,
    telemetry::{Announcer, QueueMeter, ServerClock, Tally, WorkerEvent},
};
use crate::{
    error::Result,
    job::{Delivery, End, JobId, Record, Settlement, WorkerId},
    outbox::Relays,
    settle::Terms,
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
pub(crate) struct Parts {
    pub(crate) store: QueueStore,
    pub(crate) registry: Arc<Registry>,
    pub(crate) config: Arc<Config>,
    pub(crate) states: Arc<States>,
    pub(crate) announcer: Announcer,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) relays: Relays,
}

pub(crate) struct Pump {
    pub(crate) parts: Parts,
    /// The name that this pump goes by now; runs follow it.
    pub(crate) worker: watch::Sender<WorkerId>,
    /// What runs talk to Redis and to listeners by.
    pub(crate) line: Arc<Line>,
    pub(crate) held: Held,
    /// What the last turn brought, not looked at yet.
    pub(crate) fresh: Vec<Taken>,
    /// Fetched ahead, and waiting for a slot.
    queued: VecDeque<Run>,
    /// Runs that start when their jobs have been settled; see `once`.
    pub(crate) promised: HashMap<JobId, Run>,
    /// How runs ended, for the next turn to tell.
    pub(crate) outcomes: Vec<Settlement>,
    /// How long the next turn holds the queue.
    pub(crate) hold: Duration,
    pub(crate) mood: Mood,
    pub(crate) glance: Glance,
    /// When to look for jobs that have expired, also with no slot free; where none ever do, never.
    pub(crate) expires: Option<Instant>,
    /// Until when this pump lets others come first to what is due: it has sent a job back for them.
    pub(crate) yields_until: Option<Instant>,
    pub(crate) reports: mpsc::Receiver<Finished>,
    reporter: mpsc::Sender<Finished>,
    pub(crate) listener: Listener,
    /// Whether nothing is due, as of the last turn, before a worker looks for itself.
    pub(crate) quiet: bool,
    /// Whether a heartbeat found the lease lost.
    pub(crate) lease_lost: bool,
    pub(crate) meter: QueueMeter,
    /// What was observed of runs.
    pub(crate) tally: Tally,
    /// As of the last turn.
    pub(crate) clock: Option<ServerClock>,
}

/// A job that was fetched, and what runs it.
pub(crate) struct Runnable {
    pub(crate) id: JobId,
    pub(crate) record: Record,
    pub(crate) terms: Terms,
    pub(crate) entry: Arc<Entry>,
    /// Since when it is ready, if this is its first attempt.
    pub(crate) ready_at: Option<Instant>,
}

/// What the pump expects of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// There is work, most likely.
    Hungry,
    /// There is none for now: sleep until the token comes, or until then.
    Resting(Instant),
    /// There is, but it may not be fetched before then.
    Limited(Instant),
}

impl Pump {
    pub(crate) fn new(parts: Parts) -> Self {
        let slots = parts.config.slots;
        // Each live run reports once, and slots bound how many live.
        let (reporter, reports) = mpsc::channel(slots.concurrency + slots.prefetch);
        let listener = Listener::spawn(&parts.store);
        let worker = watch::Sender::new(WorkerId::generate());
        let line = Line {
            store: parts.store.clone(),
            worker: worker.subscribe(),
            announcer: parts.announcer.clone(),
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
            held: Held::default(),
            fresh: Vec::new(),
            queued: VecDeque::new(),
            promised: HashMap::new(),
            outcomes: Vec::new(),
            hold: Duration::ZERO,
            mood: Mood::Hungry,
            glance: Glance::new(),
            expires: None,
            yields_until: None,
            reports,
            reporter,
            listener,
            quiet: false,
            lease_lost: false,
            tally: Tally::default(),
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
                if self.held.is_empty() {
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
        self.held.len() + self.fresh.len()
    }

    /// How many more jobs this pump can take.
    pub(crate) fn room(&self) -> usize {
        let slots = self.parts.config.slots;
        // What has ended leaves its slot with the very turn that fetches.
        let taken = self.held.slots() + self.fresh.len() + self.promised.len();
        let taken = taken.saturating_sub(self.outcomes.len());
        (slots.concurrency + slots.prefetch).saturating_sub(taken)
    }

    /// How many to ask for now.
    pub(crate) fn want(&self) -> usize {
        let may = self.phase() == Phase::Working && !matches!(self.mood, Mood::Limited(_));
        if !may {
            return 0;
        }
        let most = match self.parts.registry.appetite() {
            Appetite::Any => crate::store::MAX_BATCH,
            Appetite::One => 1,
            Appetite::NoneUntil(_) | Appetite::None => 0,
        };
        let slots = self.parts.config.slots;
        self.room().min(most).min(((slots.concurrency + slots.prefetch) / 2).max(SHARE))
    }

    /// Lets outcomes gather: runs that are about to end end in this turn, which costs no timer.
    async fn gather(&mut self) {
        self.note_all();
        for _ in 0..STEPS_BACK {
            let before = self.outcomes.len();
            if self.held.running() == 0 {
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
    pub(crate) fn note(&mut self, Finished { id, run, ruling }: Finished) {
        match self.held.ended(&id, run) {
            Standing::Counts => {}
            Standing::Free => return self.note_free(&id, ruling),
            Standing::Lost => return,
        }
        self.conclude(id, ruling);
        self.start_queued();
    }

    /// What a run comes to, for its job.
    fn conclude(&mut self, id: JobId, ended: Option<Ending>) {
        let Some((ruling, times)) = ended else {
            // Aborted: by a shutdown, which has released the job, or with the runtime.
            self.release(id);
            return;
        };
        if let Some(times) = times {
            self.tally.ended(times, matches!(ruling.end, End::Retried { .. }));
        }
        self.hold = self.hold.max(ruling.hold);
        if let Appetite::NoneUntil(until) = self.parts.registry.appetite() {
            self.mood = Mood::Limited(until.into());
        }
        let announcer = &self.parts.announcer;
        match (&ruling.end, ruling.failure) {
            (End::Retried { delay, .. }, Some(failure)) => {
                let (id, delay) = (id.clone(), *delay);
                announcer.say(|| WorkerEvent::Retrying { id, failure, delay });
            }
            (End::Failed { .. }, Some(failure)) => announcer.failed(&id, failure, ruling.letter),
            (End::Released { .. }, _) => {
                let id = id.clone();
                announcer.say(|| WorkerEvent::Released { id });
            }
            _ => {}
        }
        self.outcomes.push(Settlement { id, end: ruling.end, effects: ruling.effects });
    }

    /// Makes a run of a job, and starts it if a slot is free.
    pub(crate) fn admit(&mut self, job: Runnable) {
        let Runnable { id, record, terms, entry, ready_at } = job;
        let (number, signals) = self.held.insert(&id);
        let ctx = Context::new(ContextParts {
            id,
            attempt: terms.attempt,
            attempts: terms.attempts,
            states: self.parts.states.clone(),
            trace: run_trace(&record),
            record,
            deadline: OnceLock::new(),
            signals,
            delivery: entry.rules.delivery,
            line: Some(self.line.clone()),
        });
        let run = Run { ready_at, number, ctx, terms, entry };
        if self.has_free_slot() && self.queued.is_empty() {
            self.start(run);
        } else {
            self.queued.push_back(run);
        }
    }

    fn has_free_slot(&self) -> bool {
        self.held.running() + self.promised.len() < self.parts.config.slots.concurrency
    }

    fn start(&mut self, run: Run) {
        if run.entry.rules.delivery == Delivery::AtMostOnce {
            return self.promise(run);
        }
        let (id, number) = (run.ctx.id().clone(), run.number);
        // In a box: it is polled here first, and a task is copied four times on its way into the runtime.
        let mut run = Box::pin(run.go());
        if let Some(ended) = self.glance.at(run.as_mut()) {
            return self.conclude(id, ended);
        }
        let task = self.follow(Finished { id: id.clone(), run: number, ruling: None }, run);
        self.held.started(&id, task);
    }

    pub(crate) fn spawn(&self, run: Run) -> AbortHandle {
        let finished = Finished { id: run.ctx.id().clone(), run: run.number, ruling: None };
        self.follow(finished, Box::pin(run.go()))
    }

    /// Lets a run go on in a task of its own, which reports its end.
    fn follow(
        &self,
        finished: Finished,
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
        self.queued.retain(|run| self.held.is_current(run.ctx.id(), run.number));
    }

    /// Hands back what was fetched ahead and has not begun.
    fn release_queued(&mut self) {
        for run in std::mem::take(&mut self.queued) {
            self.release(run.ctx.id().clone());
        }
        self.release_promised();
    }

    /// Back to its own place in the queue, with no attempt counted.
    fn release(&mut self, id: JobId) {
        let end = End::Released { delay: Duration::ZERO, misses: None };
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
                warn!(queue = %self.parts.store.name(), runs = self.held.len(), "time to drain is over: runs are told to stop");
                self.held.cancel_all();
                *cancelled = Some(now);
            }
            Some(since) if now >= since + GRACE => {
                for id in self.held.abort_all() {
                    debug!(%id, "handed back");
                    self.release(id);
                }
                for id in self.held.abort_free() {
                    warn!(%id, "this run was ended, and its job runs at most once: it is not run again");
                }
            }
            Some(_) => {}
        }
    }

    /// Whether a shutdown waited for Redis for long enough.
    fn gave_up(&self) -> bool {
        let limit = self.parts.store.response_limit().min(LONGEST_SLEEP) + GRACE;
        matches!(self.phase(), Phase::Draining(deadline) if Instant::now() > deadline + limit * 2)
    }
}

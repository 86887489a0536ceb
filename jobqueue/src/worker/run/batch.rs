//! A run of a batch: one call of its handler. Each of its jobs has a run of its own as well, which
//! takes its seat here, and waits for what its job comes to.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    sync::{Notify, oneshot},
    task::AbortHandle,
    time::Instant,
};
use tracing::{Instrument as _, Span, field, info_span, span};

use super::{
    breaker::{BreakerGuard, sign},
    context::Context,
};
use crate::{
    policy::{Change, ProbeResult},
    settle::RunOutcome,
    task::placed,
    worker::{
        batch::ItemEnd,
        handler_limits::Pass,
        registry::{Entry, Running},
    },
};

/// A run of a batch. It ends with the last of its jobs' runs.
pub(crate) struct BatchRun {
    /// The pump's number for it.
    number: u64,
    entry: Arc<Entry>,
    start_at: Option<Instant>,
    state: Mutex<State>,
    /// Every seat is taken, or given up.
    seated: Notify,
}

/// What lets a batch start: its handler's own limits, and its breaker.
pub(crate) struct Leave {
    pub(crate) pass: Option<Box<Pass>>,
    pub(crate) guard: Option<BreakerGuard>,
}

struct State {
    seats: Vec<SeatState>,
    /// Seats that are neither taken nor given up.
    free: usize,
    /// Runs of jobs that aren't over.
    left: usize,
    /// Runs of jobs that have not said what they say of the other side.
    untold: usize,
    /// What the others have said.
    sign: ProbeResult,
    leave: Option<Leave>,
    task: Option<AbortHandle>,
}

enum SeatState {
    Free,
    Taken(Seated),
    /// Given up, or its job is in the handler's hands.
    Gone,
}

struct Seated {
    ctx: Context,
    span: Option<span::Id>,
    end: oneshot::Sender<ItemEnd>,
}

/// The place of one job's run in a batch.
pub(crate) struct Seat {
    batch: Arc<BatchRun>,
    at: usize,
    told: AtomicBool,
}

impl BatchRun {
    /// Starts a batch of this many jobs, and answers their seats: its handler is called as soon as each of their runs has
    /// taken its seat or is over.
    pub(crate) fn start(number: u64, entry: Arc<Entry>, jobs: usize, leave: Leave) -> Vec<Seat> {
        let start_at = leave.pass.as_ref().and_then(|pass| pass.start_at);
        let state = State {
            seats: (0..jobs).map(|_| SeatState::Free).collect(),
            free: jobs,
            left: jobs,
            untold: jobs,
            sign: ProbeResult::None,
            leave: Some(leave),
            task: None,
        };
        let (state, seated) = (Mutex::new(state), Notify::new());
        let batch = Arc::new(Self { number, entry, start_at, state, seated });
        let seat = |at| Seat { batch: batch.clone(), at, told: AtomicBool::new(false) };
        let seats: Vec<Seat> = (0..jobs).map(seat).collect();
        let task = tokio::spawn(placed(batch.clone().run())).abort_handle();
        batch.state().task = Some(task);
        seats
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>) {
        self.seated.notified().await;
        let seated = self.take_seated();
        let Some(first) = seated.first() else { return };
        let (queue, name) = (first.ctx.queue().cloned(), first.ctx.name().clone());
        let span =
            info_span!("batch", queue = queue.map(field::display), %name, jobs = seated.len());
        let (mut jobs, mut ends) = (Vec::new(), Vec::new());
        for Seated { ctx, span: of_job, end } in seated {
            span.follows_from(of_job);
            jobs.push(ctx);
            ends.push(end);
        }
        self.entry.metrics.batch(jobs.len());
        let outcomes = self.entry.call_batch(jobs).instrument(span).await;
        for (end, outcome) in ends.into_iter().zip(outcomes) {
            // A run that is over already has no use for it.
            let _ = end.send(outcome);
        }
    }

    fn take_seated(&self) -> Vec<Seated> {
        let seats = std::mem::take(&mut self.state().seats);
        let taken = |place| match place {
            // Its run may be over by now.
            SeatState::Taken(seated) => Some(seated).filter(|seated| !seated.end.is_closed()),
            SeatState::Free | SeatState::Gone => None,
        };
        seats.into_iter().filter_map(taken).collect()
    }

    /// A run takes its seat, and waits for what its job comes to.
    async fn sit(self: Arc<Self>, at: usize, ctx: Context) -> ItemEnd {
        let (end, outcome) = oneshot::channel();
        let span = Span::current().id();
        self.fill(at, SeatState::Taken(Seated { ctx, span, end }));
        // It must not keep the batch.
        drop(self);
        let lost = || Err(RunOutcome::Panicked("the batch has ended without a result".to_owned()));
        outcome.await.unwrap_or_else(|_| lost())
    }

    fn fill(&self, at: usize, state_of: SeatState) {
        let mut state = self.state();
        if let Some(free @ SeatState::Free) = state.seats.get_mut(at) {
            *free = state_of;
            state.free -= 1;
            if state.free == 0 {
                self.seated.notify_one();
            }
        }
    }

    /// What the end of one of its jobs says of the other side. With the last of them the breaker hears
    /// of it: it answers if any job of the batch says so.
    fn tell(&self, sign: ProbeResult) -> Option<Change> {
        let mut state = self.state();
        state.untold -= 1;
        state.sign = match (state.sign, sign) {
            (ProbeResult::Well, _) | (_, ProbeResult::Well) => ProbeResult::Well,
            (ProbeResult::Ill, _) | (_, ProbeResult::Ill) => ProbeResult::Ill,
            _ => ProbeResult::None,
        };
        if state.untold > 0 {
            return None;
        }
        let guard = state.leave.as_mut().and_then(|leave| leave.guard.take());
        let sign = state.sign;
        guard.and_then(|guard| guard.end_with(sign))
    }

    /// A run of a job is over. With the last one nobody waits for the handler any more.
    fn part(&self) {
        let mut state = self.state();
        state.left -= 1;
        if state.left > 0 {
            return;
        }
        let (task, leave) = (state.task.take(), state.leave.take());
        drop(state);
        // It has ended, unless all have been aborted.
        if let Some(task) = task {
            task.abort();
        }
        drop(leave);
    }
}

impl Seat {
    /// The pump's number for its batch.
    pub(crate) fn batch(&self) -> u64 {
        self.batch.number
    }

    /// When the handler's rate lets the batch start.
    pub(super) fn start_at(&self) -> Option<Instant> {
        self.batch.start_at
    }

    /// The run of its job: it takes the seat when it is first polled.
    pub(super) fn take(&self, ctx: Context) -> Running {
        Box::pin(self.batch.clone().sit(self.at, ctx))
    }

    /// What its job has come to. Whether that opens or closes the breaker.
    pub(super) fn tell(&self, outcome: &RunOutcome) -> Option<Change> {
        self.told.store(true, Ordering::Relaxed);
        self.batch.tell(sign(outcome))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.batch.fill(self.at, SeatState::Gone);
        if !*self.told.get_mut() {
            let _ = self.batch.tell(ProbeResult::None);
        }
        self.batch.part();
    }
}

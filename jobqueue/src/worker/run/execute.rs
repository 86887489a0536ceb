//! The pipeline of a run: start → breaker → handler → decision.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::{
    Instrument as _, Span, error,
    field::{Empty, display},
    info_span, warn,
};

use super::{
    batch::Seat,
    context::Context,
    dead_letter,
    last::{Compensated, compensate},
    panics::{discard, panic_message},
    reply,
    report::{RunEnd, RunReport},
    suspender::{Halt, Suspender, until_suspended},
};
#[cfg(feature = "testing")]
use super::{faults, run_watch};
use crate::{
    client::trace,
    error::Error,
    error_chain::chain,
    job::{Delivery, Failure, JobFailure, Transition},
    policy::Backoff,
    settle::{Decision, EndedJob, RunOutcome, RunPolicy, decide_run, fail, stopped},
    worker::{
        handler_limits::Pass,
        registry::{Entry, Running},
        telemetry::Times,
    },
};

/// After how long another run does what this one couldn't.
const LATER: Duration = Duration::from_secs(1);

/// How long a run waits until what it has done is recorded.
const RECORD_LIMIT: Duration = Duration::from_secs(5);

/// One run. Small, since it is copied on its way into a task.
pub(crate) struct Run {
    /// Since when its job is ready, if this is the first attempt.
    pub(crate) ready_at: Option<Instant>,
    /// The pump's number for it.
    pub(crate) number: u64,
    pub(crate) ctx: Context,
    pub(crate) policy: RunPolicy,
    pub(crate) entry: Arc<Entry>,
    /// Of the handler's own limits in this process.
    pub(crate) pass: Option<Box<Pass>>,
    /// Its place in a batch, if its handler runs several jobs at once.
    pub(crate) seat: Option<Box<Seat>>,
}

impl Run {
    /// Whether its job is settled before it starts.
    pub(crate) fn is_at_most_once(&self) -> bool {
        self.policy.delivery == Delivery::AtMostOnce
    }

    /// Runs the job, and decides what becomes of it.
    ///
    /// A panic of the handler is an outcome. Other code of the user's runs here as well: a custom
    /// backoff, a subscriber of spans, a recorder of metrics. If one panics, the attempt fails:
    /// a job that went back without one would come again for ever.
    pub(crate) async fn go(self) -> RunEnd {
        let run = async { self.execute().instrument(self.span()).await };
        let end = match AssertUnwindSafe(run).catch_unwind().await {
            Ok(end) => end,
            Err(panic) => self.broken(&panic_message(panic)),
        };
        #[cfg(feature = "testing")]
        run_watch::ended(self.ctx.states(), &end.decision);
        end
    }

    /// Its job goes back for so long, before it has started.
    pub(crate) fn put_off(self, delay: Duration) -> RunReport {
        let (id, name) = (self.ctx.id().clone(), self.entry.name.clone());
        let end = RunEnd { decision: Decision::released(delay), times: None };
        RunReport { id, run: self.number, name, end: Some(end) }
    }

    fn span(&self) -> Span {
        let span = info_span!(
            "job",
            queue = self.ctx.queue().map(display),
            name = %self.ctx.name(),
            id = %self.ctx.id(),
            attempt = self.policy.attempt,
            trace_id = Empty,
            span_id = Empty,
            parent_span_id = Empty,
        );
        self.record_trace(&span);
        span
    }

    /// What becomes of the job after a panic outside of its handler.
    fn broken(&self, message: &str) -> RunEnd {
        let outcome = RunOutcome::Panicked(format!("outside of the handler: {message}"));
        let outcome = cancelled(outcome, &self.ctx);
        // The handler's own backoff may be what panicked.
        let policy = self.policy.with_backoff(Backoff::DEFAULT);
        RunEnd { decision: self.decide(outcome, &policy), times: None }
    }

    /// Records the run's place in its job's trace, if the job has one.
    fn record_trace(&self, span: &Span) {
        let Some(trace) = self.ctx.trace() else { return };
        span.record("trace_id", display(trace.trace_id()));
        span.record("span_id", display(trace.span_id()));
        if let Some(parent) = trace.parent_span_id() {
            span.record("parent_span_id", display(parent));
        }
        if let Some(hook) = self.ctx.shared().and_then(|shared| shared.on_span.as_ref()) {
            // A hook only observes jobs, so the run goes on without it.
            let call = catch_unwind(AssertUnwindSafe(|| hook.call(span, trace)));
            if let Err(panic) = call {
                error!(why = panic_message(panic), "the hook for spans panicked");
            }
        }
    }

    async fn execute(&self) -> RunEnd {
        if self.ctx.steps().is_some()
            && let Some(decision) = Box::pin(self.replay()).await
        {
            observe(|| self.ctx.telemetry(&self.entry.metrics).decided(&decision));
            return RunEnd { decision, times: None };
        }
        let Self { ready_at, ctx, policy, entry, .. } = self;
        if let Some(start_at) = self.start_at() {
            Box::pin(sleep_until(start_at)).await;
        }
        // A batch asks it once for all of its jobs.
        let asked = if self.seat.is_some() { Ok(None) } else { entry.ask_breaker() };
        let guard = match asked {
            Ok(guard) => guard,
            Err(delay) => return RunEnd { decision: Decision::released(delay), times: None },
        };
        observe(|| ctx.telemetry(&entry.metrics).started());
        let began = Instant::now();
        let mut outcome = call(self, policy).await;
        if let Some(suspender) = ctx.waits().get() {
            outcome = Box::pin(self.recorded(suspender, outcome)).await;
        }
        let outcome = cancelled(outcome, ctx);
        let waited = ready_at.map(|ready| began.saturating_duration_since(ready));
        let times = Times { waited, took: began.elapsed() };
        let told = self.seat.as_ref().and_then(|seat| seat.tell(&outcome));
        if let Some(change) = guard.and_then(|guard| guard.end(&outcome)).or(told) {
            observe(|| ctx.telemetry(&entry.metrics).breaker(change));
        }
        let mut decision = self.decide(outcome, policy);
        if ctx.steps().is_some() && matches!(decision.end, Transition::Failed { .. }) {
            decision = Box::pin(self.undo(decision)).await;
        }
        if self.is_at_most_once()
            && let Some(caller) = &ctx.record().options.reply_to
            && caller.home().is_none()
        {
            // The job was settled before the run, so its reply travels alone. In a box, since it is
            // rare, and a run is copied on its way into a task.
            Box::pin(reply::send(&decision, caller, ctx)).await;
        }
        observe(|| ctx.telemetry(&entry.metrics).ended(&decision, times));
        RunEnd { decision, times: Some(times) }
    }

    /// Its handler at work, or its seat in a batch.
    fn running(&self) -> Result<Running, RunOutcome> {
        let Self { ctx, entry, seat, .. } = self;
        let mut running = match seat {
            Some(seat) => seat.take(ctx.clone()),
            None => entry.call(ctx.record(), ctx.clone()).map_err(RunOutcome::BadPayload)?,
        };
        #[cfg(feature = "testing")]
        {
            running = faults::wrap(ctx, running);
        }
        if let Some(trace) = ctx.trace() {
            running = Box::pin(trace::within(trace.clone(), running));
        }
        Ok(running)
    }

    /// When its handler's rate lets it start.
    fn start_at(&self) -> Option<Instant> {
        let of_batch = self.seat.as_ref().and_then(|seat| seat.start_at());
        self.pass.as_ref().and_then(|pass| pass.start_at).or(of_batch)
    }

    /// What earlier runs have recorded is read. If the job has failed for good, this run replays that,
    /// and goes on to undo it.
    async fn replay(&self) -> Option<Decision> {
        let Self { ctx, policy, .. } = self;
        let (steps, shared) = (ctx.steps()?, ctx.shared()?);
        let read = async {
            let journal = steps.journal(&shared.store, ctx.id()).await?;
            Ok::<_, Error>((journal.failure()?, journal.is_empty()))
        };
        let (failure, is_empty) = match read.await {
            Ok(read) => read,
            Err(Error::Corrupt(problem)) => {
                let failure = Failure::permanent(problem);
                return Some(self.decide(RunOutcome::Failure(failure), policy));
            }
            Err(error) => {
                warn!(error = %chain(&error), "a job's steps could not be read: it goes back");
                return Some(Decision::released(LATER));
            }
        };
        let decision = match (failure, policy.doom) {
            (Some(failure), _) => self.fail(failure),
            (None, Some(doom)) => self.decide(doom.into(), policy),
            (None, None) => return None,
        };
        if is_empty {
            return Some(decision);
        }
        steps.replay_only();
        // Whatever its handler says: it has failed before.
        let policy = policy.without_end();
        let _ = call(self, &policy).await;
        steps.replay_over();
        match ctx.waits().get() {
            Some(suspender) if suspender.is_left() => Some(self.decide(self.behind(), &policy)),
            _ => Some(self.undo(decision).await),
        }
    }

    /// What a handler has done is recorded before its job goes to anybody else. What it has come to
    /// counts for nothing if it didn't know all that was recorded before.
    async fn recorded(&self, suspender: &Suspender, outcome: RunOutcome) -> RunOutcome {
        let _ = timeout(RECORD_LIMIT, suspender.idle()).await;
        if suspender.is_left() { self.behind() } else { outcome }
    }

    fn behind(&self) -> RunOutcome {
        let shared = self.ctx.shared().filter(|it| self.policy.misses < it.unknown_limit);
        RunOutcome::Behind(shared.map(|it| it.unknown_delay))
    }

    /// The job has failed for good: what its handler has registered for that is done.
    async fn undo(&self, decision: Decision) -> Decision {
        let Self { ctx, policy, .. } = self;
        let (Some(steps), Some(failure)) = (ctx.steps(), &decision.failure) else {
            return decision;
        };
        let limit = policy.timeout.unwrap_or(Duration::MAX);
        let undoing = compensate(ctx, steps, failure.clone());
        match timeout(limit, undoing).await {
            Ok(Compensated::All(undone)) if undone == *failure => decision,
            Ok(Compensated::All(undone)) => self.fail(undone),
            Ok(Compensated::Waits(suspended)) => Decision::suspended(suspended.wait),
            Ok(Compensated::Later) | Err(_) => Decision::released(LATER),
        }
    }

    /// The job fails for good, for a reason that is known from before.
    fn fail(&self, failure: JobFailure) -> Decision {
        let Self { ctx, entry, policy, .. } = self;
        fail(failure, policy, self.ended_job(), || {
            dead_letter::route(ctx, entry.dead_letter.as_ref())
        })
    }

    fn ended_job(&self) -> EndedJob<'_> {
        let (id, record) = (self.ctx.id(), self.ctx.record());
        let reply_to = record.options.reply_to.as_ref();
        let reply_to = reply_to.filter(|_| !self.is_at_most_once());
        let has_group = record.options.group.is_some();
        EndedJob { id, name: Some(&record.name), codec: record.codec, reply_to, has_group }
    }

    fn decide(&self, outcome: RunOutcome, policy: &RunPolicy) -> Decision {
        let Self { ctx, entry, .. } = self;
        let job = self.ended_job();
        decide_run(outcome, policy, job, || dead_letter::route(ctx, entry.dead_letter.as_ref()))
    }
}

/// Tells someone who only observes runs: if that panics, the run goes on.
fn observe(tell: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(tell)) {
        error!(why = panic_message(panic), "a recorder of metrics or a subscriber panicked");
    }
}

/// The outcome of a run whose job was cancelled meanwhile, if it was: a result counts all the same,
/// since the work was done.
fn cancelled(outcome: RunOutcome, ctx: &Context) -> RunOutcome {
    match ctx.cancel_reason() {
        Some(reason) if !matches!(outcome, RunOutcome::Success(_)) => {
            RunOutcome::Cancelled(reason.clone())
        }
        _ => outcome,
    }
}

/// Calls the handler, within the timeout. A panic is an outcome too.
async fn call(of: &Run, policy: &RunPolicy) -> RunOutcome {
    let ctx = &of.ctx;
    let now = Instant::now();
    if policy.lifetime.is_over(now) {
        return RunOutcome::Deadline { ran: false };
    }
    let run = async {
        match until_suspended(of.ctx.waits(), of.running()?).await {
            Ok(end) => end,
            Err(Halt::Suspended(suspended)) => Err(RunOutcome::Suspended(suspended)),
            Err(Halt::Replayed) => Err(RunOutcome::Deadline { ran: false }),
            Err(Halt::Behind) => Err(RunOutcome::Behind(None)),
        }
    };
    let run = AssertUnwindSafe(run).catch_unwind();
    // A timeout beyond what the clock can express is none.
    let limit = policy.timeout.and_then(|limit| now.checked_add(limit));
    let result = match limit.into_iter().chain(policy.lifetime.deadline).min() {
        None => run.await,
        Some(deadline) => {
            ctx.set_deadline(deadline);
            let mut run = Box::pin(timeout_at(deadline, run));
            match run.as_mut().await {
                Ok(result) => result,
                Err(_) => {
                    let was_told = ctx.is_cancelled();
                    // Tasks that the handler has started may still go on: the token tells them to
                    // stop.
                    ctx.cancel();
                    discard(run);
                    if policy.lifetime.deadline == Some(deadline) {
                        return RunOutcome::Deadline { ran: true };
                    }
                    let outcome = RunOutcome::TimedOut(policy.timeout.unwrap_or_default());
                    return if was_told { stopped(outcome, policy) } else { outcome };
                }
            }
        }
    };
    match result {
        Ok(Ok(result)) => RunOutcome::Success(result),
        Ok(Err(outcome)) if ctx.is_cancelled() => stopped(outcome, policy),
        Ok(Err(outcome)) => outcome,
        Err(panic) => RunOutcome::Panicked(panic_message(panic)),
    }
}

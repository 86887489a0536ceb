//! The pipeline of a run: start → breaker → handler → decision.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{
    Instrument as _, Span, error,
    field::{Empty, display},
    info_span,
};

use super::{
    breaker::HandlerBreaker, context::Context, dead_letter, reply, report::RunEnd,
    suspender::until_suspended,
};
#[cfg(feature = "testing")]
use super::{faults, run_watch};
use crate::{
    client::trace,
    job::Delivery,
    policy::Backoff,
    settle::{Decision, EndedJob, RunOutcome, RunPolicy, decide_run, stopped},
    worker::{handler_limits::Pass, registry::Entry, telemetry::Times},
};

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
        let Self { ready_at, ctx, policy, entry, pass, .. } = self;
        if let Some(start_at) = pass.as_ref().and_then(|pass| pass.start_at) {
            Box::pin(sleep_until(start_at)).await;
        }
        let guard = match entry.breaker.as_ref().map(HandlerBreaker::admit) {
            None => None,
            Some(Ok(guard)) => Some(guard),
            Some(Err(delay)) => {
                return RunEnd { decision: Decision::released(delay), times: None };
            }
        };
        observe(|| ctx.telemetry(&entry.metrics).started());
        let began = Instant::now();
        let outcome = cancelled(call(ctx, entry, policy).await, ctx);
        let waited = ready_at.map(|ready| began.saturating_duration_since(ready));
        let times = Times { waited, took: began.elapsed() };
        if let Some(change) = guard.and_then(|guard| guard.end(&outcome)) {
            observe(|| ctx.telemetry(&entry.metrics).breaker(change));
        }
        let decision = self.decide(outcome, policy);
        if self.is_at_most_once()
            && let Some(caller) = &ctx.record().options.reply_to
        {
            // The job was settled before the run, so its reply travels alone. In a box, since it is
            // rare, and a run is copied on its way into a task.
            Box::pin(reply::send(&decision, caller, ctx)).await;
        }
        observe(|| ctx.telemetry(&entry.metrics).ended(&decision, times));
        RunEnd { decision, times: Some(times) }
    }

    fn decide(&self, outcome: RunOutcome, policy: &RunPolicy) -> Decision {
        let Self { ctx, entry, .. } = self;
        let reply_to = ctx.record().options.reply_to.as_ref();
        let reply_to = reply_to.filter(|_| !self.is_at_most_once());
        let (id, record) = (ctx.id(), ctx.record());
        let (name, codec) = (Some(&record.name), record.codec);
        let job = EndedJob { id, name, codec, reply_to };
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
async fn call(ctx: &Context, entry: &Entry, policy: &RunPolicy) -> RunOutcome {
    let now = Instant::now();
    if policy.lifetime.is_over(now) {
        return RunOutcome::Deadline { ran: false };
    }
    let run = async {
        let mut running = entry.call(ctx.record(), ctx.clone()).map_err(RunOutcome::BadPayload)?;
        #[cfg(feature = "testing")]
        {
            running = faults::wrap(ctx, running);
        }
        if let Some(trace) = ctx.trace() {
            running = Box::pin(trace::within(trace.clone(), running));
        }
        match until_suspended(ctx.waits(), running).await {
            Ok(end) => end.map_err(RunOutcome::Failure),
            Err(suspended) => Err(RunOutcome::Suspended(suspended)),
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

/// The message of a panic.
pub(crate) fn panic_message(panic: Box<dyn Any + Send>) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    discard(panic);
    text.unwrap_or_else(|| "the handler panicked with no message".to_owned())
}

/// Drops something of the user's. If that panics, it isn't this run's end: what the run comes to is
/// known already.
pub(crate) fn discard<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // Its own drop may panic as well.
        std::mem::forget(panic);
    }
}

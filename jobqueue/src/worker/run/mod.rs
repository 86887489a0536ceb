//! One run of a job: start → run → classify → report.

mod breaker;
mod cancellation;
mod context;
mod dead_letter;
mod reply;

pub(crate) use breaker::{Demand, HandlerBreaker};
pub(crate) use cancellation::Signals;
pub use context::Context;
pub(crate) use context::{ContextParts, RunShared, run_trace};

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tracing::{
    Instrument as _, Span, debug, error,
    field::{Empty, display},
    info_span, warn,
};

use super::{
    registry::Entry,
    telemetry::{Times, WorkerEvent},
};
use crate::{
    client::trace,
    job::{Delivery, JobId, Transition},
    settle::{Decision, RunOutcome, RunPolicy, decide},
};

/// What one run is made of. Small, since it is copied on its way into a task.
pub(crate) struct Run {
    /// Since when its job is ready, if this is the first attempt.
    pub(crate) ready_at: Option<Instant>,
    /// Which run of its pump it is, as [`Held`](super::held::Held) counts.
    pub(crate) number: u64,
    pub(crate) ctx: Context,
    pub(crate) run_policy: RunPolicy,
    pub(crate) entry: Arc<Entry>,
}

/// What a run comes to, and how long it took, if it took place.
pub(crate) type Ending = (Decision, Option<Times>);

/// The report of a run to its pump.
#[derive(Debug)]
pub(crate) struct RunReport {
    pub(crate) id: JobId,
    /// Which run of the job it was.
    pub(crate) run: u64,
    /// None if the run was aborted.
    pub(crate) decision: Option<Ending>,
}

/// Reports when it is dropped, hence in any case: also when the run is aborted, its pump hears of it.
struct Reporter {
    to: mpsc::Sender<RunReport>,
    finished: Option<RunReport>,
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(finished) = self.finished.take() {
            // The pump's channel has room for every run that is alive, and each reports once.
            let _ = self.to.try_send(finished);
        }
    }
}

/// Lets a run go on to its end, and reports what becomes of its job.
pub(crate) async fn report(
    run: Pin<Box<impl Future<Output = Ending>>>,
    finished: RunReport,
    to: mpsc::Sender<RunReport>,
) {
    let mut reporter = Reporter { to, finished: Some(finished) };
    let decision = run.await;
    if let Some(finished) = &mut reporter.finished {
        finished.decision = Some(decision);
    }
}

impl Run {
    /// Runs the job, and says what becomes of it.
    pub(crate) fn go(self) -> impl Future<Output = Ending> + Send {
        let span = info_span!(
            "job",
            queue = self.ctx.queue().map(display),
            name = %self.ctx.name(),
            id = %self.ctx.id(),
            attempt = self.run_policy.attempt,
            trace_id = Empty,
            span_id = Empty,
            parent_span_id = Empty,
        );
        self.place(&span);
        self.execute().instrument(span)
    }

    /// Says where the run stands in its job's trace, if there is one.
    fn place(&self, span: &Span) {
        let Some(trace) = self.ctx.trace() else { return };
        span.record("trace_id", display(trace.trace_id()));
        span.record("span_id", display(trace.span_id()));
        if let Some(parent) = trace.parent_span_id() {
            span.record("parent_span_id", display(parent));
        }
        if let Some(hook) = self.ctx.line().and_then(|line| line.on_span.as_ref()) {
            // The run goes on without it: a hook is about looking at jobs, not about doing them.
            let call = catch_unwind(AssertUnwindSafe(|| hook.call(span, trace)));
            if let Err(panic) = call {
                error!(why = panic_message(&*panic), "the hook for spans panicked");
            }
        }
    }

    async fn execute(self) -> Ending {
        let Self { ready_at, ctx, run_policy, entry, .. } = self;
        // Held to the end of the run: the handler's own limits in this process.
        let _permit = if entry.is_limited() { Box::pin(entry.admit()).await } else { None };
        let trial = match entry.breaker.as_ref().map(HandlerBreaker::admit) {
            None => None,
            Some(Ok(trial)) => Some(trial),
            Some(Err(delay)) => return (Decision::released(delay), None),
        };
        entry.meter.started();
        ctx.announce(|| WorkerEvent::Started {
            id: ctx.id().clone(),
            name: ctx.record().name.clone(),
            attempt: run_policy.attempt,
        });
        let began = Instant::now();
        let waited = ready_at.map(|ready| began.saturating_duration_since(ready));
        // A timeout beyond what the clock can say is none.
        let deadline = run_policy.timeout.and_then(|limit| began.checked_add(limit));
        let run = async {
            let mut running =
                entry.call(ctx.record(), ctx.clone()).map_err(RunOutcome::BadPayload)?;
            if let Some(trace) = ctx.trace() {
                running = Box::pin(trace::within(trace.clone(), running));
            }
            running.await.map_err(RunOutcome::Failure)
        };
        let run = AssertUnwindSafe(run).catch_unwind();
        let ended = match deadline {
            None => run.await,
            Some(deadline) => {
                ctx.set_deadline(deadline);
                match Box::pin(timeout_at(deadline, run)).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        // What the handler has handed on may still go on: it hears that time is up.
                        ctx.signals().cancel();
                        Ok(Err(RunOutcome::TimedOut(run_policy.timeout.unwrap_or_default())))
                    }
                }
            }
        };
        let times = Times { waited, took: began.elapsed() };
        let ended = match ended {
            Ok(Ok(result)) => RunOutcome::Success(result),
            Ok(Err(ended)) => ended,
            Err(panic) => RunOutcome::Panicked(panic_message(&*panic)),
        };
        if let Some(trial) = trial {
            trial.end(&ended, &ctx);
        }
        let mut decision = decide(ended, &run_policy, ctx.record().codec);
        follow(&mut decision, &run_policy, &ctx, &entry).await;
        entry.meter.ended(&decision, times);
        if let (Some(class), Some(failure)) = (decision.alert, &decision.failure) {
            error!(%class, %failure, "an error that somebody has to see to");
            ctx.alert(class, failure);
        }
        tell(&decision, times.took, &ctx);
        (decision, Some(times))
    }
}

/// Sends what follows from how the run ended: a letter, a reply.
async fn follow(decision: &mut Decision, run_policy: &RunPolicy, ctx: &Context, entry: &Entry) {
    let settled = run_policy.delivery == Delivery::AtMostOnce;
    if matches!(decision.end, Transition::Failed { .. }) && !settled {
        // In a box, as what is rare here is: a run is copied on its way into a task.
        Box::pin(dead_letter::attach(decision, ctx, entry)).await;
    }
    if let Some(inbox) = &ctx.record().options.reply_to {
        if settled {
            Box::pin(reply::send(decision, inbox, ctx)).await;
        } else {
            crate::settle::reply::attach(decision, inbox, ctx.id());
        }
    }
}

/// Says how the run ended.
fn tell(decision: &Decision, took: Duration, ctx: &Context) {
    match &decision.failure {
        None => {
            debug!(?took, "completed");
            ctx.announce(|| WorkerEvent::Completed {
                id: ctx.id().clone(),
                name: ctx.record().name.clone(),
                took,
            });
        }
        Some(failure) if matches!(decision.end, Transition::Released { .. }) => {
            debug!(%failure, "the job goes back");
        }
        Some(failure) => warn!(%failure, "the run failed"),
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the handler panicked with no message".to_owned())
}

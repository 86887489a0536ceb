//! The end of a job that has failed for good, and whose handler undoes what it has done: the failure
//! is recorded first, then the compensations run, and at last the job fails. A run that is cut off
//! meanwhile is followed by one that replays what is recorded and goes on.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tracing::warn;

use super::{
    as_worker::as_worker,
    context::Context,
    journal::FINAL,
    panics::panic_message,
    run_steps::{Compensation, RunSteps},
    suspender::{Halt, until_suspended},
};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{Failure, JobFailure},
    settle::Suspended,
    store::job::RecordStep,
};

/// What has become of the compensations.
pub(super) enum Compensated {
    /// All have run. The failure says which have failed.
    All(JobFailure),
    /// One waits for its next attempt.
    Waits(Suspended),
    /// Redis could not be told. Another run does it.
    Later,
}

/// Runs what the handler has registered, after it has noted why.
pub(super) async fn compensate(
    ctx: &Context,
    steps: &RunSteps,
    mut failure: JobFailure,
) -> Compensated {
    let all = steps.compensations();
    if all.is_empty() {
        return Compensated::All(failure);
    }
    if steps.is_broken() {
        let why = match ctx.waits().get() {
            Some(suspender) if suspender.is_left() => {
                "a newer program has recorded some of its steps"
            }
            _ => "its steps have changed",
        };
        failure.causes.push(format!("its compensations can't run: {why}"));
        return Compensated::All(failure);
    }
    if let Err(error) = record(ctx, FINAL, 0, &failure.encode()).await {
        warn!(error = %chain(&error), "a final failure could not be recorded: another run does it");
        return Compensated::Later;
    }
    let running = async {
        for compensation in all {
            if let Some(problem) = run(ctx, compensation).await? {
                failure.causes.push(problem);
            }
        }
        Ok::<_, Error>(failure)
    };
    match until_suspended(ctx.waits(), Box::pin(running)).await {
        Ok(Ok(failure)) => Compensated::All(failure),
        Ok(Err(error)) => {
            warn!(error = %chain(&error), "a compensation could not be recorded");
            Compensated::Later
        }
        Err(Halt::Suspended(suspended)) => Compensated::Waits(suspended),
        Err(Halt::Replayed | Halt::Behind) => Compensated::Later,
    }
}

/// Runs one. Answers what is wrong if it has failed for good; the others run all the same.
async fn run(ctx: &Context, compensation: Compensation) -> Result<Option<String>> {
    let Compensation { spot, run } = compensation;
    let running = async { run().await };
    let failure = match AssertUnwindSafe(running).catch_unwind().await {
        Ok(Ok(())) => return Ok(None),
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::permanent(panic_message(panic)),
    };
    let (message, causes) = failure.into_parts();
    let text = [vec![message], causes].concat().join(": ");
    warn!(compensation = %spot, problem = text, "a compensation has failed for good");
    // It isn't begun again in another run.
    record(ctx, &spot.field(), spot.place, format!("-{text}").as_bytes()).await?;
    Ok(Some(format!("{spot} failed: {text}")))
}

async fn record(ctx: &Context, field: &str, place: u32, value: &[u8]) -> Result<()> {
    let store = &ctx.shared().ok_or(Error::Closed)?.store;
    let (id, due_in, drop) = (ctx.id(), None, "");
    let recorded = as_worker(ctx, |worker| async move {
        let call = RecordStep { worker: &worker, id, field, place, value, due_in, drop };
        store.call_retrying(&call).await
    });
    // Without room for it, it can't be undone twice either: nothing is recorded any more.
    recorded.await.map(std::mem::drop)
}

//! Faults of runs that a test asked for.

use std::time::Duration;

use tokio::time::timeout;

use super::{
    context::Context,
    run_watch::{RunFault, RunWatch},
};
use crate::{
    error::Result,
    job::{QueueName, WorkerId},
    session::{Session, Step},
    settle::RunOutcome,
    store::{QueueStore, worker::Rooms},
    worker::registry::Running,
};

/// The run with its fault, if one is planned for it.
pub(super) fn wrap(ctx: &Context, running: Running) -> Running {
    let Some(watch) = RunWatch::of(ctx.states()) else { return running };
    let queue = ctx.queue().map_or("", QueueName::as_str);
    let Some(fault) = watch.next_fault(queue, ctx.name().as_str()) else { return running };
    let (ctx, watch) = (ctx.clone(), watch.clone());
    match fault {
        RunFault::Fail(failure) => Box::pin(std::future::ready(Err(RunOutcome::Failure(failure)))),
        RunFault::Crash(after) => Box::pin(async move {
            match after {
                None => drop(running.await),
                Some(after) => drop(timeout(after, running).await),
            }
            watch.crash().await
        }),
        RunFault::LoseLease => Box::pin(async move {
            if let Some(shared) = ctx.shared() {
                let worker = shared.worker.borrow().clone();
                let lost = lose_lease(&shared.store, &worker).await;
                lost.map_err(|error| RunOutcome::Failure(error.into()))?;
            }
            running.await
        }),
    }
}

/// Another worker looks, and finds that this one's lease is over.
async fn lose_lease(store: &QueueStore, worker: &WorkerId) -> Result<()> {
    const LEASE: Duration = Duration::from_secs(10);
    let mut other = Session::new(store.clone(), LEASE, None);
    other.join(&[]).await?;
    store.end_lease(worker).await?;
    let rooms = Rooms::default();
    let throttle = Duration::ZERO;
    let step = Step { held: 0, want: 0, throttle, rooms: &rooms, settlements: &[] };
    other.advance(step).await?;
    other.leave(LEASE).await
}

//! Jobs whose effect happens once: their ids are used again, and they are retried by hand.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use jobqueue::{Client, DurationExt as _, State, Worker, job};
use jobqueue_tests::{server::RedisServer, wait::eventually};

use super::report::{Played, Report};

#[derive(Clone, Debug, Default)]
struct Effects(Arc<AtomicU32>);

#[job(queue = "receipts", attempts = 1, idempotent)]
async fn charge(_order: u32, effects: State<Effects>) -> u32 {
    effects.0.0.fetch_add(1, Ordering::Relaxed) + 1
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let effects = Effects::default();
    let worker = Worker::builder(&client).handler(charge).state(effects.clone()).build()?;
    let (handle, running) = (worker.handle(), tokio::spawn(worker.run()));

    let first = client.add(charge, 7).id("order-7").await?;
    let receipt = first.result().await?;
    first.remove().await?;
    let again = client.add(charge, 7).id("order-7").await?;
    let same = again.result().await?;
    report.check(
        "the id of a job that is gone, used again",
        format!("receipt {receipt}, then {same}"),
        "the first receipt twice",
        (receipt, same) == (1, 1),
    );

    again.retry().await?;
    let by_hand = again.result().await?;
    // A job whose result is there may be active a moment longer.
    eventually("its retry", async || again.retry().anew().await.is_ok()).await;
    let anew = again.result().await?;
    report.check(
        "a completed job, retried by hand and then anew",
        format!("receipt {by_hand}, then {anew}; {} effects", effects.0.load(Ordering::Relaxed)),
        "1, then 2; 2 effects",
        (by_hand, anew, effects.0.load(Ordering::Relaxed)) == (1, 2, 2),
    );
    handle.stop(1.seconds());
    running.await??;
    Ok(())
}

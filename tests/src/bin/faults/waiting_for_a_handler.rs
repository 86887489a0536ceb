//! What waits for a handler's own limit is held by nobody, and runs at most once are settled only
//! when they may start.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jobqueue::{Client, State, Worker, job};
use jobqueue_tests::server::RedisServer;
use tokio::time::sleep;

use super::report::{Played, Report};

type Ran = Arc<AtomicU64>;

#[job(queue = "narrow", concurrency = 2)]
async fn narrow(_: u32, ran: State<Ran>) {
    ran.fetch_add(1, Ordering::SeqCst);
    sleep(Duration::from_millis(700)).await;
}

#[job(queue = "once", at_most_once, concurrency = 1)]
async fn once(_: u32, ran: State<Ran>) {
    ran.fetch_add(1, Ordering::SeqCst);
    sleep(Duration::from_millis(700)).await;
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    client.add_all(narrow, 0..20).await?;
    client.add_all(once, 0..5).await?;
    let ran = Ran::default();
    let build = || Worker::builder(&client).concurrency(20).handler(narrow).handler(once);
    let worker = build().state(ran.clone()).build()?;
    let (handle, task) = (worker.handle(), tokio::spawn(worker.run_until(pending())));
    sleep(Duration::from_millis(400)).await;
    let queue = client.queue("narrow")?;
    let active = queue.counts().await?.active;
    report.check("active behind concurrency = 2 of 20 slots", active, 2, active == 2);
    let before = ran.load(Ordering::SeqCst);
    handle.stop(Duration::from_secs(5));
    task.await??;
    let more = ran.load(Ordering::SeqCst) - before;
    report.check("runs that a shutdown starts", more, 0, more == 0);
    let left = client.queue("once")?.counts().await?.waiting;
    report.check("at most once: left of 5 after one run and a shutdown", left, 4, left == 4);
    Ok(())
}

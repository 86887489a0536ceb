//! Workers that are killed while the answer with their jobs is on its way: those jobs have not begun
//! to run, so it is no stall of theirs.

use jobqueue::{Client, DurationExt as _, Worker, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};

use super::report::{Played, Report};

#[job(queue = "lost", attempts = 1)]
async fn quick(n: u32) -> u32 {
    n
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let near = Client::connect(&server.url()).await?;
    let far = Client::connect(&server.url_through(&proxy)).await?;
    let queue = near.queue("lost")?;
    let job = near.add(quick, 7).await?;
    for _ in 0..3 {
        queue.create().await?;
        queue.pause().await?;
        let worker = Worker::builder(&far).handler(quick).lease(8.seconds()).build()?;
        let dying = tokio::spawn(worker.run());
        let waits = async || {
            let counts = queue.counts().await.ok()?;
            (counts.active == 0 && counts.workers == 1 && blocked(&server)).then_some(())
        };
        eventually("the worker to wait, and to take back what the one before held", waits).await;
        proxy.set(Mode::HoldReplies);
        queue.resume().await?;
        let fetched = async || queue.counts().await.is_ok_and(|counts| counts.active == 1);
        eventually("the fetch", fetched).await;
        proxy.set(Mode::BlackHole);
        dying.abort();
        let _ = dying.await;
        tokio::time::sleep(20.millis()).await;
        proxy.drop_connections();
        proxy.set(Mode::Forward);
    }
    let worker = Worker::builder(&near).handler(quick).lease(300.millis()).build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    let result = job.result().await;
    let stalls = job.info().await?.stalls;
    report.check(
        "3 workers killed before they heard of their job; it may stall twice",
        format!("{result:?}, {stalls} stalls"),
        "Ok(7), no stall",
        matches!(result, Ok(7)) && stalls == 0,
    );
    handle.stop(5.seconds());
    running.await??;
    Ok(())
}

/// Whether a worker waits for the token, and for jobs with it.
fn blocked(server: &RedisServer) -> bool {
    let list: Result<String, _> =
        redis::cmd("CLIENT").arg("LIST").query(&mut server.connection());
    list.is_ok_and(|list| {
        list.lines().any(|line| line.contains(" cmd=blpop ") && !line.contains(" qbuf=0 "))
    })
}

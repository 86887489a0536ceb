//! Ranks and times that no worker wrote: the queue goes on, and a shutdown loses no job.

use std::time::{Duration, Instant};

use jobqueue::{Client, JobState, Rate, Worker, job};
use jobqueue_tests::server::RedisServer;
use tokio::time::{sleep, timeout};

use super::report::{Played, Report};

#[job(queue = "odd")]
async fn endless(_n: u32) {
    std::future::pending::<()>().await;
}

#[job(queue = "odd")]
async fn quick(_n: u32) {}

pub(crate) async fn play(report: &mut Report) -> Played {
    for rank in ["-5", "1.5", "1e+22", "-inf"] {
        let server = RedisServer::start();
        let (client, mut raw) = (Client::connect(&server.url()).await?, server.connection());
        let job = client.add(endless, 1).await?;
        let mut set = redis::cmd("ZADD");
        let id = job.id().to_string();
        let () = set.arg("jq:{odd}:waiting").arg(rank).arg(id).query(&mut raw)?;
        let worker = Worker::builder(&client).handler(endless).handler(quick);
        let worker = worker.drain_timeout(Duration::ZERO).build()?;
        let (handle, running) = (worker.handle(), tokio::spawn(worker.run_until(sleep(Duration::MAX))));
        while job.state().await? != Some(JobState::Active) {
            sleep(Duration::from_millis(5)).await;
        }
        handle.stop(Duration::ZERO);
        running.await??;
        let state = job.state().await?;
        let back = state == Some(JobState::Waiting);
        report.check(&format!("a rank of {rank}, and a shutdown"), said(state), "waiting", back);
    }
    clock_set_back(report).await?;
    aging_set_late(report).await
}

/// Aging on a queue where 100,000 jobs wait: in how long, and what runs next.
async fn aging_set_late(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("odd")?;
    let old = client.add(quick, 0).priority(5).await?;
    // It is older than the others by more than its priority is worth.
    sleep(Duration::from_millis(50)).await;
    for part in 0..100_u32 {
        client.add_all(quick, (0..1_000 - u32::from(part == 99)).map(|_| 1)).await?;
    }
    let began = Instant::now();
    queue.set_limits().aging(Duration::from_millis(1)).await?;
    let took = began.elapsed();
    let first = queue.jobs(JobState::Waiting).ids(0, 1).await?;
    let soon = took < Duration::from_secs(2);
    report.check("aging is set where 100,000 jobs wait", format!("{took:?}"), "2 s at most", soon);
    let right = first == [old.id().clone()];
    let figure = if right { "the oldest" } else { "another" };
    report.check("what goes first then", figure, "the oldest, of priority 5", right);
    client.add(quick, 1).await?;
    let refused = queue.set_limits().aging(Duration::from_millis(2)).await;
    let figure = refused.err().map_or_else(|| "set".to_owned(), |error| error.to_string());
    let right = figure.contains("100001 waiting");
    report.check("with one more", figure, "refused", right);
    Ok(())
}

/// The arrival time of a rate and a throttle an hour ahead.
async fn clock_set_back(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let (client, mut raw) = (Client::connect(&server.url()).await?, server.connection());
    client.queue("odd")?.set_limits().rate(Rate::new(100, Duration::from_secs(1))).await?;
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query(&mut raw)?;
    let ahead = (seconds + 3_600) * 1_000;
    let mut set = redis::cmd("HSET");
    set.arg("jq:{odd}:meta").arg("tat").arg(format!("{ahead}.000"));
    set.arg("throttled_until").arg(ahead).arg("throttled_from").arg(ahead - 1_000);
    let () = set.query(&mut raw)?;
    let worker = Worker::builder(&client).handler(quick).build()?;
    let running = tokio::spawn(worker.run_until(sleep(Duration::MAX)));
    let job = client.add(quick, 1).await?;
    let ran = timeout(Duration::from_secs(2), job.result()).await.is_ok_and(|it| it.is_ok());
    let figure = if ran { "it ran" } else { "it didn't run" };
    report.check("a clock that was set back by an hour", figure, "it runs within 2 s", ran);
    running.abort();
    Ok(())
}

fn said(state: Option<JobState>) -> String {
    state.map_or("gone".to_owned(), |state| state.to_string())
}

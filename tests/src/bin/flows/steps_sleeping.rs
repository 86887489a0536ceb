//! Very many jobs that sleep: what one takes, and that none holds a slot. `SLEEPERS` says how many.

use std::{env, future::pending, time::Duration};

use jobqueue::{Client, Context, DurationExt as _, Failure, Worker, job};
use jobqueue_tests::{server::RedisServer, wait::eventually_within};

use super::report::{Played, Report};

/// Of the short variant.
const SLEEPERS: u64 = 10_000;
/// The most bytes that one may take.
const MOST: u64 = 1_500;

#[job(queue = "sleepers", steps)]
async fn doze(n: u64, ctx: Context) -> Result<u64, Failure> {
    ctx.sleep(30.days()).await?;
    Ok(n)
}

fn used(server: &RedisServer) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let info: String = redis::cmd("INFO").arg("memory").query(&mut server.connection())?;
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(line.ok_or("INFO has no used_memory")?.trim().parse()?)
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let sleepers = env::var("SLEEPERS").ok().and_then(|it| it.parse().ok()).unwrap_or(SLEEPERS);
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("sleepers")?;
    let worker = Worker::builder(&client).handler(doze).concurrency(200).build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(pending()));
    let before = used(&server)?;
    let mut added = 0;
    while added < sleepers {
        let next = (added + 1_000).min(sleepers);
        client.add_all(doze, added..next).await?;
        added = next;
    }
    let asleep = async || queue.counts().await.is_ok_and(|counts| counts.delayed == sleepers);
    let limit = Duration::from_secs(60 + sleepers / 200);
    eventually_within(limit, "all to sleep", asleep).await;
    let counts = queue.counts().await?;
    report.check(
        &format!("{sleepers} jobs asleep: slots that they hold"),
        counts.active,
        0,
        counts.active == 0,
    );
    let each = (used(&server)? - before) / sleepers;
    report.check("bytes of Redis each", each, format!("at most {MOST}"), each <= MOST);
    handle.stop(Duration::from_secs(5));
    running.await??;
    Ok(())
}

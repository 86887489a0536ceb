//! A call that is held up, its resend, the end of its job, and then the call: each add is made
//! once, and costs Redis one command more for that.

use jobqueue::{Client, DurationExt as _, Worker, WorkerHandle, job};
use jobqueue_tests::{proxy::Proxy, server::RedisServer, wait::eventually};
use redis::cmd;

use super::report::{Played, Report};

#[job(queue = "late", retain = none)]
async fn forgotten(_n: u32) {}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let near = Client::connect(&server.url()).await?;
    let far = Client::builder(&server.url_through(&proxy)).response_timeout(100.millis());
    let far = far.connect().await?;
    far.add(forgotten, 0).await?;
    let worker = Worker::builder(&near).handler(forgotten).build()?;
    let handle: WorkerHandle = worker.handle();
    let running = tokio::spawn(worker.run());
    let counts = async || near.queue("late").ok()?.counts().await.ok();
    for round in 1..=10 {
        proxy.hold();
        far.add(forgotten, round).await?;
        let done = u64::from(round) + 1;
        let ended = async || counts().await.filter(|counts| counts.total_completed >= done);
        eventually("the job to end", ended).await;
        let before = calls(&server, "evalsha")?;
        proxy.release();
        let late = async || calls(&server, "evalsha").is_ok_and(|calls| calls > before);
        eventually("the late call", late).await;
    }
    let added = counts().await.ok_or("no counts")?.total_added;
    report.check("11 adds, 10 of them held up until their jobs had gone", added, "11 jobs", {
        added == 11
    });
    handle.stop(10.seconds());
    running.await??;
    commands(&server, &near, report).await
}

/// The commands of one call.
async fn commands(server: &RedisServer, client: &Client, report: &mut Report) -> Played {
    cmd("CONFIG").arg("RESETSTAT").query::<()>(&mut server.connection())?;
    for _ in 0..100 {
        client.add_all(forgotten, 0..100).await?;
    }
    let sets = calls(server, "set")?;
    let figure = format!("{sets} SET, {} GET", calls(server, "get").unwrap_or(0));
    report.check("100 calls of 100 jobs each", figure, "one SET a call, no GET", sets == 100);
    Ok(())
}

fn calls(server: &RedisServer, name: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let stats: String = cmd("INFO").arg("commandstats").query(&mut server.connection())?;
    let name = format!("cmdstat_{name}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&name)).ok_or("no such command")?;
    Ok(line.split(',').next().unwrap_or_default().parse()?)
}

//! A server that hangs, refuses for a while, fails over behind its name, or forbids to wait.

use std::time::{Duration, Instant};

use jobqueue::{Client, DurationExt as _, Worker, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
};
use redis::cmd;
use tokio::time::{sleep, timeout};

use super::report::{Played, Report};

#[job(queue = "struggling")]
async fn double(n: u32) -> u32 {
    2 * n
}

pub(crate) async fn play(report: &mut Report) -> Played {
    patience(report).await?;
    failover(report).await?;
    refused_waits(report).await
}

async fn patience(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = Client::builder(&server.url_through(&proxy)).retry_timeout(1.seconds());
    let client = client.connect_timeout(600.millis()).response_timeout(600.millis());
    let client = client.connect().await?;
    let queue = client.queue("struggling")?;
    queue.counts().await?;
    proxy.set(Mode::BlackHole);
    let began = Instant::now();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.counts().await.is_err() })
        })
        .collect();
    for call in calls {
        call.await?;
    }
    let took = began.elapsed();
    report.check(
        "20 calls with a patience of 1 s on a server that hangs",
        format!("the last ended after {:.1} s", took.as_secs_f64()),
        "under 2 s",
        took < 2.seconds(),
    );
    Ok(())
}

async fn failover(report: &mut Report) -> Played {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let proxy = Proxy::start(old.address());
    let client = Client::connect(&old.url_through(&proxy)).await?;
    let worker = Worker::builder(&client).handler(double).build()?;
    let (handle, running) = (worker.handle(), tokio::spawn(worker.run()));
    client.add(double, 1).await?.result().await?;
    proxy.lead_to(new.address());
    cmd("REPLICAOF").arg("127.0.0.1").arg(1).query::<()>(&mut old.connection())?;
    let began = Instant::now();
    let done = timeout(10.seconds(), async { client.add(double, 2).await?.result().await }).await;
    let figure = format!("{} after {:?}", done.is_ok_and(|done| done.is_ok()), began.elapsed());
    let took = began.elapsed();
    report.check("a failover behind one name: added and run", figure, "true, under 5 s", {
        took < 5.seconds()
    });
    cmd("CONFIG").arg("SET").arg("min-replicas-to-write").arg(1).query::<()>(
        &mut new.connection(),
    )?;
    let adding = tokio::spawn({
        let client = client.clone();
        async move { client.add(double, 3).await.is_ok() }
    });
    sleep(500.millis()).await;
    cmd("CONFIG").arg("SET").arg("min-replicas-to-write").arg(0).query::<()>(
        &mut new.connection(),
    )?;
    let added = adding.await?;
    report.check("an add while replicas are missing", added, "true", added);
    handle.stop(1.seconds());
    running.await??;
    Ok(())
}

async fn refused_waits(report: &mut Report) -> Played {
    let users = "user default on nopass ~* &* +@all\nuser jobs on >pw ~* &* +@all -blpop -xread\n";
    let server = RedisServer::builder().acl(users).start();
    let client = Client::connect(&server.url_as("jobs", "pw")).await?;
    let worker = Worker::builder(&client).handler(double).build()?;
    let (handle, running) = (worker.handle(), tokio::spawn(worker.run()));
    let reply = client.call(double, 21).timeout(5.seconds()).await;
    let good = matches!(reply, Ok(42));
    report.check("a call without BLPOP and XREAD", format!("{reply:?}"), "Ok(42)", good);
    // Its waits are at their longest by then.
    sleep(Duration::from_secs(3)).await;
    let before = server.script_calls();
    sleep(Duration::from_secs(5)).await;
    let calls = (server.script_calls() - before) / 5;
    report.check("calls of an idle worker", format!("{calls} a second"), "3 at most", calls <= 3);
    handle.stop(1.seconds());
    running.await??;
    Ok(())
}

//! What 100,000 schedules cost while none is due, and what a tick costs when 1,000 are due at once.

use std::{future::pending, time::Duration};

use jobqueue::{Client, DurationExt as _, Worker, job, schedule::Every};
use jobqueue_tests::{
    report::{Played, Report},
    server::RedisServer,
};
use tokio::time::sleep;

#[job(queue = "idle")]
async fn tick(_: ()) {}

/// How many scripts an idle worker calls in ten seconds.
async fn idle(server: &RedisServer) -> u64 {
    let before = server.script_calls();
    sleep(Duration::from_secs(10)).await;
    server.script_calls() - before
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let worker = Worker::builder(&client).handler(tick).build()?;
    let (handle, task) = (worker.handle(), tokio::spawn(worker.run_until(pending())));
    sleep(Duration::from_secs(1)).await;
    let without = idle(&server).await;
    client.schedule("s", Every::new(3_650.days()), tick, ()).await?;
    // The same rule 100,000 times: writing each by a call takes longer than all else here.
    let mut raw = server.connection();
    let key = |name: &str| format!("jq:{{idle}}:{name}");
    let rule: Vec<u8> = redis::cmd("HGET").arg(key("schedules")).arg("s").query(&mut raw)?;
    let next: u64 = redis::cmd("ZSCORE").arg(key("ticks")).arg("s").query(&mut raw)?;
    for first in (0..100_000).step_by(1_000) {
        let (mut rules, mut ticks) = (redis::cmd("HSET"), redis::cmd("ZADD"));
        rules.arg(key("schedules"));
        ticks.arg(key("ticks"));
        for at in first..first + 1_000 {
            rules.arg(format!("s{at}")).arg(&rule);
            ticks.arg(next).arg(format!("s{at}"));
        }
        let _: u64 = rules.query(&mut raw)?;
        let _: u64 = ticks.query(&mut raw)?;
    }
    let with = idle(&server).await;
    let figure = format!("{with} calls in 10 s, {without} without schedules");
    report.check("an idle worker, 100,000 schedules", figure, "no more", with <= without + 1);

    // A thousand of them are due now; writing a schedule tells the worker.
    let mut ticks = redis::cmd("ZADD");
    ticks.arg(key("ticks"));
    for at in 0..1_000 {
        ticks.arg(1_000).arg(format!("s{at}"));
    }
    let _: u64 = ticks.query(&mut raw)?;
    let before = fire_calls(&server)?;
    client.schedule("t", Every::new(1.hours()), tick, ()).await?;
    let queue = client.queue("idle")?;
    let mut waited = 0;
    while queue.counts().await?.total_added < 1_000 && waited < 100 {
        sleep(Duration::from_millis(100)).await;
        waited += 1;
    }
    let (calls, micros) = fire_calls(&server)?;
    let (calls, micros) = (calls - before.0, micros - before.1);
    let added = queue.counts().await?.total_added;
    let figure = format!("{added} jobs, {calls} calls of all kinds, {} µs of Redis a tick", micros / 1_000);
    report.check("1,000 due at once", figure, "1,000 jobs in few calls", added == 1_000 && calls < 200);
    handle.stop(Duration::from_secs(5));
    task.await??;
    Ok(())
}

/// How many scripts were called, and how many µs they took.
fn fire_calls(server: &RedisServer) -> Result<(u64, u64), Box<dyn std::error::Error + Send + Sync>> {
    let stats: String =
        redis::cmd("INFO").arg("commandstats").query(&mut server.connection())?;
    // A script is sent whole the first time.
    let lines = stats.lines().filter(|line| line.starts_with("cmdstat_eval"));
    let fields: Vec<&str> = lines.flat_map(|line| line.split([':', ','])).collect();
    let sum = |name: &str| {
        let values = fields.iter().filter_map(|field| field.strip_prefix(name)?.parse::<u64>().ok());
        values.sum::<u64>()
    };
    Ok((sum("calls="), sum("usec=")))
}

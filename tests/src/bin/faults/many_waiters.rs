//! Many wait for results of jobs that sleep, and then their queue is removed; and a client adds to
//! many queues.

use std::time::Instant;

use jobqueue::{Client, DurationExt as _, error::ResultError, job};
use jobqueue_tests::server::RedisServer;
use tokio::{runtime::Handle, task::JoinSet, time::sleep};

use super::report::{Played, Report};

#[job(queue = "sleeping")]
async fn sleeper(n: u32) -> u32 {
    n
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let mut waiting = JoinSet::new();
    for _ in 0..10 {
        for job in client.add_all(sleeper, 0..1_000).delay(1.hours()).await? {
            waiting.spawn(async move { job.result().await });
        }
    }
    sleep(5.seconds()).await;
    let before = server.script_calls();
    sleep(12.seconds()).await;
    let calls = (server.script_calls() - before) / 12;
    report.check("10,000 wait for results of jobs that sleep", format!("{calls} calls a second"), {
        "20 at most"
    }, calls <= 20);

    client.queue("sleeping")?.obliterate().await?;
    let began = Instant::now();
    let all = waiting.join_all().await;
    let gone = all.iter().filter(|end| matches!(end, Err(ResultError::Gone { .. }))).count();
    let took = began.elapsed();
    report.check(
        "their queue is removed",
        format!("{gone} heard of it in {:.1} s", took.as_secs_f64()),
        "10,000 in under 6 s",
        gone == 10_000 && took < 6.seconds(),
    );

    let tasks = Handle::current().metrics().num_alive_tasks();
    for n in 0..1_000 {
        client.queue(format!("once-{n}"))?.add("any", &n).await?;
    }
    sleep(100.millis()).await;
    let kept = Handle::current().metrics().num_alive_tasks().saturating_sub(tasks);
    report.check("a client that has added to 1,000 queues keeps", format!("{kept} tasks"), {
        "70 at most"
    }, kept <= 70);
    Ok(())
}

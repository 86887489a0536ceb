//! Answers are bounded in bytes, whatever stands there: over a line that carries a megabyte at a time,
//! all of it comes.

use std::time::Duration;

use jobqueue::{Client, Context, DurationExt as _, topic::Start};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
};

use crate::support::{Running, worker};

const SIZE: usize = 900_000;

/// A client whose answers come with eight mebibytes a second, and must come within a second.
async fn thin(server: &RedisServer) -> (Client, Proxy) {
    let proxy = Proxy::start(server.address());
    let far = Client::builder(&server.url_through(&proxy)).prefix("thin");
    let far = far.response_timeout(1.seconds()).connect().await.expect("it is there");
    proxy.set(Mode::Thin(8 << 20));
    (far, proxy)
}

async fn near(server: &RedisServer) -> Client {
    let client = Client::builder(&server.url()).prefix("thin").connect().await;
    client.expect("the server is there")
}

#[jobqueue::job(queue = "large")]
async fn large(n: usize, ctx: Context) -> Result<String, jobqueue::Failure> {
    for line in 0..n {
        let line = format!("{line} {}", "x".repeat(30_000));
        ctx.log(line).await.map_err(jobqueue::Failure::retry)?;
    }
    Ok("x".repeat(if n == 0 { SIZE } else { 1 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn large_replies_come_over_a_thin_line() {
    let server = RedisServer::start();
    let running = Running::start(worker(&near(&server).await).handler(large));
    let (far, _proxy) = thin(&server).await;
    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(far.call(large, 0).timeout(60.seconds()).into_future()))
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic").expect("a reply").len(), SIZE);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_log_comes_over_a_thin_line() {
    let server = RedisServer::start();
    let (near, (far, _proxy)) = (near(&server).await, thin(&server).await);
    let running = Running::start(worker(&near).handler(large));
    let job = near.add(large, 600).await.expect("added");
    job.result().await.expect("run");
    let queue = far.queue("large").expect("a good name");
    let lines = queue.job(job.id()).logs(0).await.expect("read");
    assert_eq!(lines.len(), 600);
    for (n, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{n} ")));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_kept_messages_are_replayed_over_a_thin_line() {
    let server = RedisServer::start();
    let (near, (far, _proxy)) = (near(&server).await, thin(&server).await);
    let topic = near.topic("news").expect("a good name");
    topic.keep(jobqueue::Retain::count(100)).await.expect("kept");
    for _ in 0..20 {
        near.publish("news", "any", "x".repeat(SIZE)).await.expect("published");
    }
    let topic = far.topic("news").expect("a good name");
    topic.bind("late", "#").from(Start::Beginning).await.expect("bound");
    let late = near.queue("late").expect("a good name");
    let all = async || late.counts().await.expect("counted").waiting == 20;
    jobqueue_tests::wait::eventually_within(Duration::from_secs(60), "all messages", all).await;
}

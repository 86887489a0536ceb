//! How long calls wait for a server that hangs, and operations of many steps that meet one.

use std::time::{Duration, Instant};

use jobqueue::{Client, DurationExt as _, Error, JobId, Retain, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};

use crate::support::{Running, client_of, worker};

#[job(queue = "patience", attempts = 1)]
async fn fails(_n: u32) -> Result<(), std::io::Error> {
    Err(std::io::Error::other("as asked"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_on_a_server_that_hangs_ends_within_its_own_patience() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = Client::builder(&server.url_through(&proxy)).retry_timeout(900.millis());
    let client = client.connect_timeout(600.millis()).response_timeout(600.millis());
    let client = client.connect().await.expect("connected");
    let queue = client.queue("patience").expect("a good name");
    queue.counts().await.expect("it answers");
    proxy.set(Mode::BlackHole);
    let began = Instant::now();
    let calls: Vec<_> = (0..20)
        .map(|n| {
            let (queue, client) = (queue.clone(), client.clone());
            tokio::spawn(async move {
                match n % 3 {
                    0 => queue.counts().await.map(drop),
                    1 => queue.job(JobId::generate()).logs(0).await.map(drop),
                    _ => client.add(fails, n).await.map(drop),
                }
            })
        })
        .collect();
    for call in calls {
        let error = call.await.expect("no panic").expect_err("it hangs");
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }
    // One after the other would take ten seconds.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_of_many_steps_go_on_over_a_broken_connection() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let far = client_of(&server.url_through(&proxy)).await;
    let queue = far.queue("patience").expect("a good name");
    let job = far.add(fails, 0).await.expect("added");
    for part in 0..4 {
        far.add_all(fails, part * 1_000..(part + 1) * 1_000).await.expect("added");
    }
    let running = Running::start(worker(&far).retain_failed(Retain::all()).handler(fails));
    let all = async || queue.counts().await.expect("counts").failed == 4_001;
    eventually("all jobs to fail", all).await;
    running.stop().await;

    proxy.drop_connections();
    assert_eq!(job.logs(0).await.expect("read over a new connection"), Vec::<String>::new());
    let retried = tokio::spawn({
        let queue = queue.clone();
        async move { queue.retry_failed().await }
    });
    let begun = async || queue.counts().await.expect("counts").waiting > 0;
    eventually("the first step", begun).await;
    proxy.drop_connections();
    let retried = retried.await.expect("no panic").expect("it went on");
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.failed, counts.waiting), (0, 4_001));
    // A step whose answer was lost isn't counted.
    assert!((3_001..=4_001).contains(&retried), "{retried}");
}

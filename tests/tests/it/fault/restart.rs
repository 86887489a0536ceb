//! Redis that dies and comes back, forgets its scripts, or hangs up.

use std::time::Duration;

use jobqueue_tests::{
    account::{Account, Order, Shift},
    process::Process,
    server::RedisServer,
};
use tokio::time::sleep;

use super::{progress, settle, short_or_long};

/// A lease far longer than any pause here: a second run has another reason.
const LONG_LEASE: Duration = Duration::from_secs(60);

/// Two producers, of single adds and of bulk adds, and two workers.
fn load(account: &Account, url: &str) -> ([Process; 2], [Process; 2]) {
    let time = Duration::from_millis(5);
    let single = Order { time, pause: time * 4, mixed: true, ..Order::default() };
    let bulk = Order { bulk: 20, pause: Duration::from_millis(200), ..single };
    let shift = Shift { lease: LONG_LEASE, ..Shift::default() };
    let producers = [single, bulk].map(|order| account.producer(url, order));
    (producers, [(); 2].map(|()| account.worker(url, shift)))
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_ten_times_in_a_row_under_load() {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url);
    for _ in 0..short_or_long(10, 50) {
        progress(&queue, 30).await;
        server.kill();
        server.restart();
    }
    progress(&queue, 30).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!((proof.repeated, proof.told), (0, 0), "every outcome was kept: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_are_flushed_under_load() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url);
    for _ in 0..short_or_long(30, 300) {
        progress(&queue, 5).await;
        let flush = redis::cmd("SCRIPT").arg("FLUSH").query::<()>(&mut server.connection());
        flush.expect("flushed");
    }
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!((proof.repeated, proof.acknowledged), (0, proof.jobs), "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_are_killed_every_100_ms() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url);
    progress(&queue, 30).await;
    for _ in 0..short_or_long(20, 200) {
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg("normal");
        kill.query::<()>(&mut server.connection()).expect("killed");
        // The time between two kills is the fault itself.
        sleep(Duration::from_millis(100)).await;
    }
    progress(&queue, 30).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!((proof.repeated, proof.told), (0, 0), "{proof}");
}

//! SIGSTOP of a worker for longer than its lease, and SIGCONT.

use std::time::Duration;

use jobqueue_tests::{
    account::{Account, Order, Shift, note::Note},
    process::{Process, Signal},
    server::RedisServer,
    wait::eventually,
};

use super::{PATIENCE, begun, count, settle};

/// A worker that is frozen while it runs eight jobs that take so long, and another that has begun
/// to work.
async fn frozen_and_other(account: &Account, url: &str, time: Duration) -> [Process; 2] {
    let mut frozen = account.worker(url, Shift::default());
    let order = Order { jobs: 8, bulk: 8, time, ..Order::default() };
    let mut producer = account.producer(url, order);
    producer.exit().await;
    begun(account, 8).await;
    frozen.signal(Signal::STOP);
    [frozen, account.worker(url, Shift::default())]
}

/// Jobs that come later are served by both.
async fn more(account: &Account, url: &str) {
    let mut producer = account.producer(url, Order { jobs: 100, bulk: 10, ..Order::default() });
    assert!(producer.exit().await.success(), "{producer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_outcomes_of_a_frozen_worker_are_refused() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let mut workers = frozen_and_other(&account, &url, Duration::from_millis(700)).await;
    account.settled(&url, 1, PATIENCE).await;
    let late = account.notes().len();
    workers[0].signal(Signal::CONT);
    // Its runs end, and it finds out that its lease is lost.
    let queue = account.queue(&url).await;
    eventually("both", async || queue.counts().await.expect("counts").workers == 2).await;
    eventually("late ends", async || account.notes().len() >= late + 8).await;
    more(&account, &url).await;
    settle(&account, &url, &mut [], &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!(proof.repeated, 8, "each of its jobs ran elsewhere, once: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handlers_of_a_frozen_worker_are_told() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let mut workers = frozen_and_other(&account, &url, Duration::from_secs(5)).await;
    begun(&account, 16).await;
    workers[0].signal(Signal::CONT);
    let all = async || count(&account, |note| matches!(note, Note::Lost { .. })) == 8;
    eventually("handlers to be told", all).await;
    more(&account, &url).await;
    settle(&account, &url, &mut [], &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!((proof.told, proof.repeated), (8, 8), "{proof}");
}

//! SIGKILL of workers and producers.

use std::time::Duration;

use jobqueue_tests::{
    account::{Account, Order, Shift},
    process::Signal,
    server::RedisServer,
    wait::eventually,
};

use super::{PATIENCE, begun, progress, settle};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_jobs_run_elsewhere() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let mut killed = account.worker(&url, Shift::default());
    let time = Duration::from_millis(500);
    let producer = account.producer(&url, Order { jobs: 20, bulk: 20, time, ..Order::default() });
    begun(&account, 8).await;
    killed.signal(Signal::KILL);
    killed.exit().await;
    let mut other = [account.worker(&url, Shift::default())];
    account.settled(&url, 1, PATIENCE).await;
    settle(&account, &url, &mut [producer], &mut other).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!((proof.acknowledged, proof.repeated), (20, 8), "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worker_is_killed_at_once() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let start = || account.worker(&url, Shift::default());
    let mut workers = [start(), start(), start()];
    let time = Duration::from_millis(20);
    let order = Order { time, pause: time, mixed: true, ..Order::default() };
    let mut producers = [account.producer(&url, order)];
    for _ in 0..3 {
        progress(&queue, 50).await;
        for worker in &mut workers {
            worker.signal(Signal::KILL);
        }
        for worker in &mut workers {
            worker.exit().await;
            *worker = start();
        }
    }
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert!(proof.repeated <= 3 * 3 * 8, "at most what they were running: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_is_killed_in_the_middle_of_bulk_adds() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    for n in 1..=3 {
        let mut producer = account.producer(&url, Order { bulk: 500, ..Order::default() });
        let enough = async || queue.counts().await.expect("counts").total_added >= 2_000 * n;
        eventually("some adds", enough).await;
        producer.signal(Signal::KILL);
        producer.exit().await;
    }
    let mut workers = [account.worker(&url, Shift { slots: 100, ..Shift::default() })];
    account.settled(&url, 1, PATIENCE).await;
    settle(&account, &url, &mut [], &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!(proof.jobs % 500, 0, "all of a call or nothing: {proof}");
    assert_eq!(proof.repeated, 0, "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_is_killed_in_the_middle_of_single_adds() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let mut workers = [account.worker(&url, Shift::default())];
    for _ in 0..3 {
        let pause = Duration::from_millis(1);
        let order = Order { pause, mixed: true, ..Order::default() };
        let mut producer = account.producer(&url, order);
        progress(&queue, 200).await;
        producer.signal(Signal::KILL);
        producer.exit().await;
    }
    settle(&account, &url, &mut [], &mut workers).await;
    account.prove(&url).await.assert();
}

//! SIGTERM in every phase. Leases are long here: a job that had to wait for one to run out would be
//! too late.

use std::time::Duration;

use jobqueue_tests::{
    account::{Account, Order, Proof, Shift},
    process::{Process, Signal},
    server::RedisServer,
    wait::eventually,
};

use super::{PATIENCE, begun, effects, progress, settle};

const SHIFT: Shift = Shift {
    slots: 8,
    prefetch: 0,
    lease: Duration::from_secs(600),
    drain: Duration::from_secs(10),
};

/// A worker is told to end, and ends well.
async fn end(worker: &mut Process) {
    worker.signal(Signal::TERM);
    assert!(worker.exit().await.success(), "{worker}");
}

/// Waits until `workers` workers have a lease.
async fn leases(account: &Account, url: &str, workers: u64) {
    let queue = account.queue(url).await;
    let there = async || queue.counts().await.is_ok_and(|counts| counts.workers == workers);
    eventually("leases", there).await;
}

/// Another worker does the rest, and no lease is left to run out.
async fn the_rest_elsewhere(account: &Account, url: &str) -> Proof {
    leases(account, url, 0).await;
    let mut other = [account.worker(url, SHIFT)];
    account.settled(url, 1, PATIENCE).await;
    settle(account, url, &mut [], &mut other).await;
    let proof = account.prove(url).await;
    proof.assert();
    proof
}

async fn add(account: &Account, url: &str, jobs: u64, time: Duration) {
    let bulk = usize::try_from(jobs).expect("few");
    let mut producer = account.producer(url, Order { jobs, bulk, time, ..Order::default() });
    assert!(producer.exit().await.success(), "{producer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_while_idle() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let mut worker = account.worker(&url, SHIFT);
    leases(&account, &url, 1).await;
    end(&mut worker).await;
    add(&account, &url, 5, Duration::ZERO).await;
    assert_eq!(the_rest_elsewhere(&account, &url).await.ended, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_at_full_load() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 40, Duration::from_millis(300)).await;
    let mut worker = account.worker(&url, Shift { prefetch: 8, ..SHIFT });
    begun(&account, 8).await;
    end(&mut worker).await;
    let before = effects(&account);
    assert!((8..=16).contains(&before), "what ran had time to end: {before}");
    let proof = the_rest_elsewhere(&account, &url).await;
    assert_eq!((proof.ended, proof.repeated), (40, 0), "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_while_fetching_and_settling() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let order = Order { pause: Duration::from_millis(2), mixed: true, ..Order::default() };
    let mut producer = account.producer(&url, order);
    for jobs in 1..=10 {
        // Jobs that take no time: it does nothing else.
        let mut worker = account.worker(&url, SHIFT);
        progress(&queue, jobs * 7).await;
        end(&mut worker).await;
        assert_eq!(queue.counts().await.expect("counts").active, 0);
    }
    end(&mut producer).await;
    let proof = the_rest_elsewhere(&account, &url).await;
    assert_eq!(proof.repeated, 0, "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_do_not_end_in_time_run_elsewhere_at_once() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 12, Duration::from_secs(4)).await;
    let drain = Duration::from_millis(100);
    let mut worker = account.worker(&url, Shift { drain, prefetch: 2, ..SHIFT });
    begun(&account, 8).await;
    end(&mut worker).await;
    let proof = the_rest_elsewhere(&account, &url).await;
    assert_eq!((proof.ended, proof.repeated, proof.told), (12, 8, 0), "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_twice_in_a_row() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 8, Duration::from_secs(5)).await;
    let drain = Duration::from_secs(3_600);
    let mut worker = account.worker(&url, Shift { drain, ..SHIFT });
    begun(&account, 8).await;
    worker.signal(Signal::TERM);
    // Two of the same signal at once are one to a process.
    tokio::time::sleep(Duration::from_millis(200)).await;
    end(&mut worker).await;
    let proof = the_rest_elsewhere(&account, &url).await;
    assert_eq!((proof.ended, proof.repeated), (8, 8), "it didn't wait for them: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_during_an_outage_that_ends() {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 8, Duration::from_millis(300)).await;
    let mut worker = account.worker(&url, SHIFT);
    begun(&account, 8).await;
    server.kill();
    worker.signal(Signal::TERM);
    let all = async || effects(&account) == 8;
    eventually("all runs to end", all).await;
    server.restart();
    end(&mut worker).await;
    let proof = the_rest_elsewhere(&account, &url).await;
    assert_eq!((proof.ended, proof.repeated), (8, 0), "outcomes were kept: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_during_an_outage_that_lasts() {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 8, Duration::from_millis(300)).await;
    // Its lease is all that Redis knows of its end.
    let (lease, drain) = (Duration::from_secs(2), Duration::from_millis(100));
    let mut worker = account.worker(&url, Shift { lease, drain, ..SHIFT });
    begun(&account, 8).await;
    server.kill();
    end(&mut worker).await;
    server.restart();
    let mut other = [account.worker(&url, SHIFT)];
    account.settled(&url, 1, PATIENCE).await;
    settle(&account, &url, &mut [], &mut other).await;
    account.prove(&url).await.assert();
}

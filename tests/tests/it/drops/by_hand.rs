//! Receives and deliveries.

use std::time::{Duration, Instant};

use jobqueue::{DurationExt as _, Failure, Queue, receive::Delivery};
use jobqueue_tests::wait::eventually_within;
use tokio::time::sleep;

use super::{ROUNDS, dropped};
use crate::support::client;

/// Far above any call's time, and far below any timeout that is waited out here.
const SOON: Duration = Duration::from_secs(2);

async fn orders(count: u64) -> Queue {
    let orders = queue().await;
    orders.add_all("ship", 0..count).await.expect("added");
    orders
}

async fn queue() -> Queue {
    client().await.queue("orders").expect("a good name")
}

async fn one(orders: &Queue) -> Delivery {
    let jobs = orders.receive(1, 5.seconds()).visibility(1.hours()).await.expect("received");
    jobs.into_iter().next().expect("a job")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dropped_receive_has_taken_goes_back_at_once() {
    let orders = orders(ROUNDS).await;
    for round in 0..ROUNDS {
        let receive = orders.receive(7, SOON).visibility(1.hours());
        if let Some(jobs) = dropped(round, receive).await {
            for job in jobs.expect("received") {
                job.release().await.expect("released");
            }
        }
    }
    // And those that find nothing and leave.
    let empty = queue().await;
    for round in 0..ROUNDS {
        let wait = Duration::from_millis(round % 7);
        let _ = dropped(round, empty.receive(1, wait).visibility(1.hours())).await;
    }
    let left = async || {
        let (orders, empty) = (orders.counts().await, empty.counts().await);
        let (orders, empty) = (orders.expect("counted"), empty.expect("counted"));
        (orders.active, orders.workers, empty.workers) == (0, 0, 0)
    };
    eventually_within(SOON, "all of them to leave", left).await;
    let jobs = orders.receive(1_000, 5.seconds()).await.expect("received");
    assert_eq!(jobs.len() as u64, ROUNDS);
    for job in jobs {
        assert_eq!(job.receives(), 1, "nothing was counted");
        job.complete().await.expect("completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_that_is_dropped_costs_no_delivery() {
    let orders = orders(ROUNDS * 2).await;
    for round in 0..ROUNDS * 2 {
        let job = one(&orders).await;
        let heartbeat = async {
            loop {
                job.extend(1.hours()).await.expect("it is ours");
            }
        };
        tokio::select! {
            () = sleep(Duration::from_micros(round * 50)) => {}
            () = heartbeat => {}
        }
        job.complete().await.expect("nobody else had it");
    }
    let counts = orders.counts().await.expect("counted");
    assert_eq!((counts.completed, counts.active, counts.workers), (ROUNDS * 2, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_that_has_begun_is_carried_out() {
    let orders = orders(4 * ROUNDS).await;
    let receiver = orders.receiver().visibility(1.hours()).prefetch(1);
    for round in 0..4 * ROUNDS {
        let began = Instant::now();
        // With one job out at most, the next comes when the last one is acknowledged.
        let job = receiver.receive(1, 5.seconds()).await.expect("received").pop();
        let job = job.expect("a job");
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        let moment = round % 4;
        match round % 4 {
            0 => drop(dropped(moment, job.complete_with(&round)).await),
            1 => drop(dropped(moment, job.fail(Failure::permanent("no"))).await),
            2 => drop(dropped(moment, job.fail(Failure::retry_after(1.hours(), "later"))).await),
            _ => drop(dropped(moment, job.retry_in(1.hours())).await),
        }
    }
    let ended = async || {
        let counts = orders.counts().await.expect("counted");
        (counts.completed, counts.failed, counts.delayed) == (ROUNDS, ROUNDS, 2 * ROUNDS)
    };
    eventually_within(SOON, "all acknowledgements", ended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_sweep_that_is_dropped_are_swept_by_the_next() {
    let orders = queue().await;
    for round in 0..ROUNDS / 4 {
        orders.add_all("ship", 0..20).ttl(1.millis()).await.expect("added");
        sleep(5.millis()).await;
        let _ = dropped(round * 4, orders.expire()).await;
        let swept = async || {
            orders.expire().await.expect("swept");
            orders.counts().await.expect("counted").failed == 20 * (round + 1)
        };
        eventually_within(SOON, "all to be swept", swept).await;
    }
}

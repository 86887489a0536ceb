//! Jobs fetched by hand: long polling, acknowledging, visibility timeouts, bounds.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use jobqueue::{
    Client, DurationExt, Error, Failure, JobState, Queue, Rate, Result,
    error::{FailureReason, Refused, ResultError},
    job,
    receive::Delivery,
};
use jobqueue_tests::wait::eventually;

use crate::support::{Running, client, client_and_base, raw, worker};

/// Long enough for any machine.
const LONG: Duration = Duration::from_secs(20);

/// Short enough not to hold a test up.
const SHORT: Duration = Duration::from_millis(300);

async fn orders(count: u64) -> (Client, Queue) {
    let client = client().await;
    let orders = client.queue("orders").expect("a good name");
    if count > 0 {
        orders.add_all("ship", 0..count).await.expect("added");
    }
    (client, orders)
}

fn numbers(jobs: &[Delivery]) -> Vec<u64> {
    jobs.iter().map(|job| job.payload().expect("a number")).collect()
}

fn is_lost(answer: &Result<()>) -> bool {
    matches!(answer, Err(Error::Refused(Refused::LeaseLost { .. })))
}

#[tokio::test]
async fn jobs_are_received_in_order_and_acknowledged_each_by_itself_at_once() {
    let (_client, orders) = orders(25).await;
    let handle = orders.add("ship", &99).header("tenant", "blue").await.expect("added");
    let first = orders.receive(10, LONG).await.expect("received");
    assert_eq!(numbers(&first), (0..10).collect::<Vec<_>>());
    let counts = orders.counts().await.expect("counted");
    assert_eq!((counts.active, counts.waiting, counts.workers), (10, 16, 1));
    // All ten at the same time.
    let acks = first.into_iter().rev().map(|job| tokio::spawn(job.complete()));
    for ack in acks.collect::<Vec<_>>() {
        ack.await.expect("no panic").expect("acknowledged");
    }
    let counts = orders.counts().await.expect("counted");
    assert_eq!((counts.completed, counts.active, counts.workers), (10, 0, 0));
    let rest = orders.receive(100, LONG).await.expect("received");
    assert_eq!(rest.len(), 16);
    for job in rest {
        assert_eq!((job.attempt(), job.receives()), (1, 1));
        assert_eq!(job.name(), "ship");
        if job.header("tenant") == Some("blue") {
            job.complete_with(&"shipped").await.expect("acknowledged");
        } else {
            job.complete().await.expect("acknowledged");
        }
    }
    assert_eq!(handle.result().await.expect("its result"), "shipped");
    let counts = orders.counts().await.expect("counted");
    assert_eq!((counts.completed, counts.active, counts.workers), (26, 0, 0));
}

#[tokio::test]
async fn an_empty_queue_is_waited_at_and_an_add_is_received_at_once() {
    let (_client, orders) = orders(0).await;
    assert!(orders.receive(1, Duration::ZERO).await.expect("received").is_empty());
    assert!(orders.receive(1, SHORT).await.expect("received").is_empty());
    let counts = orders.counts().await.expect("counted");
    assert_eq!(counts.workers, 0, "who gave up leaves nothing behind");
    let waiting = tokio::spawn(orders.receive(5, 60.seconds()).into_future());
    eventually("it to wait", async || orders.counts().await.expect("counted").workers == 1).await;
    let began = Instant::now();
    orders.add("ship", &1).await.expect("added");
    let jobs = waiting.await.expect("no panic").expect("received");
    assert!(began.elapsed() < Duration::from_secs(20), "not when its time is over");
    assert_eq!(numbers(&jobs), [1]);
    for job in jobs {
        job.complete().await.expect("acknowledged");
    }
    // And one that is delayed, when it is due.
    orders.add("ship", &2).delay(SHORT).await.expect("added");
    let jobs = orders.receive(5, LONG).await.expect("received");
    assert_eq!(numbers(&jobs), [2]);
}

#[tokio::test]
async fn receivers_share_what_there_is() {
    let (client, orders) = orders(0).await;
    let mut loops = Vec::new();
    for _ in 0..3 {
        let receiver = client.queue("orders").expect("a good name").receiver();
        loops.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                let jobs = receiver.receive(4, 2.seconds()).await.expect("received");
                if jobs.is_empty() {
                    return seen;
                }
                seen.extend(numbers(&jobs));
                for job in jobs {
                    job.complete().await.expect("acknowledged");
                }
            }
        }));
    }
    for n in 0..100_u64 {
        orders.add("ship", &n).await.expect("added");
    }
    let mut all = Vec::new();
    for task in loops {
        all.extend(task.await.expect("no panic"));
    }
    all.sort_unstable();
    assert_eq!(all, (0..100).collect::<Vec<_>>(), "each once");
}

#[tokio::test]
async fn after_its_visibility_timeout_another_gets_the_job_and_the_first_is_refused() {
    let (_client, orders) = orders(1).await;
    let late = orders.receive(1, LONG).visibility(SHORT).await.expect("received").remove(0);
    // The waiting receiver gets it when its time is over, not before.
    let again = orders.receive(1, LONG).await.expect("received").remove(0);
    assert_eq!(again.id(), late.id());
    assert_eq!((again.attempt(), again.receives()), (1, 2));
    assert!(late.extend(1.seconds()).await.is_err_and(|error| is_lost(&Err(error))));
    assert!(is_lost(&late.complete().await), "the first comes too late");
    again.complete().await.expect("the second is in time");
    // Dropped without an answer, it comes back in the same way.
    orders.add("ship", &7).await.expect("added");
    drop(orders.receive(1, LONG).visibility(SHORT).await.expect("received"));
    let jobs = orders.receive(1, LONG).await.expect("received");
    assert_eq!((numbers(&jobs), jobs[0].receives()), (vec![7], 2));
}

#[tokio::test]
async fn one_of_ten_is_extended_and_the_others_come_back() {
    let (_client, orders) = orders(10).await;
    let mut jobs = orders.receive(10, LONG).visibility(1.seconds()).await.expect("received");
    let kept = jobs.remove(3);
    kept.extend(1.minutes()).await.expect("extended");
    kept.extend(2.minutes()).await.expect("and again");
    let mut back = BTreeSet::new();
    while back.len() < 9 {
        for job in orders.receive(10, LONG).await.expect("received") {
            assert_ne!(job.id(), kept.id());
            back.insert(job.payload::<u64>().expect("a number"));
            job.complete().await.expect("acknowledged");
        }
    }
    kept.complete().await.expect("it is still its own");
    for job in jobs {
        assert!(is_lost(&job.complete().await));
    }
    let counts = orders.counts().await.expect("counted");
    assert_eq!((counts.completed, counts.active, counts.workers), (10, 0, 0));
}

#[tokio::test]
async fn a_timeout_may_be_cut_short() {
    let (_client, orders) = orders(1).await;
    let job = orders.receive(1, LONG).visibility(10.minutes()).await.expect("received").remove(0);
    job.extend(Duration::from_millis(100)).await.expect("cut short");
    let again = orders.receive(1, LONG).await.expect("received");
    assert_eq!(again[0].id(), job.id());
}

#[tokio::test]
async fn released_and_later_cost_nothing_and_failures_count() {
    let (_client, orders) = orders(1).await;
    let receive = async || orders.receive(1, LONG).await.expect("received").remove(0);
    receive().await.release().await.expect("released");
    receive().await.retry_in(SHORT).await.expect("later");
    assert_eq!(orders.counts().await.expect("counted").delayed, 1);
    let job = receive().await;
    assert_eq!((job.attempt(), job.receives()), (1, 1));
    job.fail(Failure::retry_after(Duration::ZERO, "not yet")).await.expect("failed");
    let job = receive().await;
    assert_eq!((job.attempt(), job.receives()), (2, 2));
    let id = job.id().clone();
    job.fail("any error, or a plain text").await.expect("failed");
    let info = orders.job(&id).info().await.expect("there");
    assert_eq!((info.state, info.attempts_made, info.errors.len()), (JobState::Delayed, 2, 2));
    orders.job(&id).promote().await.expect("ready");
    let job = receive().await;
    job.fail(Failure::rate_limited(SHORT, "slow down")).await.expect("throttled");
    let job = receive().await;
    assert_eq!(job.attempt(), 3, "a rate limit costs no attempt");
    job.fail(Failure::retry("and again")).await.expect("failed");
    match orders.job(id).result().await {
        Err(ResultError::Failed { failure, .. }) => assert_eq!(failure.attempt, 3),
        other => panic!("it has failed for good: {other:?}"),
    }
}

#[tokio::test]
async fn jobs_that_fail_for_good_go_to_the_dead_letter_queue() {
    let (client, orders) = orders(2).await;
    orders.set_limits().dead_letter("orders-dlq").await.expect("set");
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    let mut jobs = orders.receive(2, LONG).await.expect("received");
    jobs.remove(0).fail(Failure::permanent("no address")).await.expect("failed");
    assert_eq!(dead.wait_for(1).await.expect("it arrives"), 1);
    let (_, letter) = dead.page(0, 1).await.expect("read").remove(0);
    assert_eq!(letter.failure.reason, FailureReason::Permanent);
    // Handed out twice and never answered, the other one goes there, too.
    let receiver = orders.receiver().visibility(SHORT).max_receives(2);
    jobs.remove(0).release().await.expect("released");
    for receives in 1..=2 {
        let jobs = receiver.receive(1, LONG).await.expect("received");
        assert_eq!(jobs[0].receives(), receives);
    }
    assert!(receiver.receive(1, 3.seconds()).await.expect("received").is_empty());
    assert_eq!(dead.wait_for(2).await.expect("it arrives"), 2);
    let (_, letter) = dead.page(1, 1).await.expect("read").remove(0);
    assert_eq!(letter.failure.reason, FailureReason::Stalled);
}

#[tokio::test]
async fn at_most_the_prefetch_limit_is_out_at_once() {
    let (_client, orders) = orders(10).await;
    let receiver = orders.receiver().prefetch(3).visibility(1.seconds());
    let mut out = receiver.receive(10, LONG).await.expect("received");
    assert_eq!(out.len(), 3);
    assert!(receiver.clone().receive(10, Duration::ZERO).await.expect("received").is_empty());
    out.remove(0).complete().await.expect("acknowledged");
    out.remove(0).release().await.expect("released");
    let two = receiver.receive(10, LONG).await.expect("received");
    assert_eq!(two.len(), 2);
    // Those that are dropped count until their time is over.
    drop((out, two));
    assert!(receiver.receive(10, Duration::ZERO).await.expect("received").is_empty());
    let more = receiver.receive(10, LONG).await.expect("received");
    assert!(!more.is_empty() && more.len() <= 3, "{} are out", more.len());
}

#[tokio::test]
async fn pauses_and_limits_hold() {
    let (_client, orders) = orders(5).await;
    orders.create().await.expect("there");
    orders.pause().await.expect("paused");
    assert!(orders.receive(5, SHORT).await.expect("received").is_empty());
    let waiting = tokio::spawn(orders.receive(5, LONG).into_future());
    orders.set_limits().max_active(2).await.expect("set");
    orders.resume().await.expect("goes on");
    let jobs = waiting.await.expect("no panic").expect("received");
    assert_eq!(jobs.len(), 2);
    assert!(orders.receive(5, SHORT).await.expect("received").is_empty());
    for job in jobs {
        job.complete().await.expect("acknowledged");
    }
    orders.set_limits().max_active(None).rate(Rate::new(1, 1.hours())).await.expect("set");
    assert_eq!(orders.receive(5, LONG).await.expect("received").len(), 1);
    assert!(orders.receive(5, SHORT).await.expect("received").is_empty());
}

#[tokio::test]
async fn a_receive_that_is_given_up_takes_nothing_along() {
    let (_client, orders) = orders(0).await;
    for n in 0..20_u64 {
        let receive = tokio::spawn(orders.receive(1, LONG).into_future());
        if n % 2 == 0 {
            tokio::task::yield_now().await;
        } else {
            eventually("it to wait", async || orders.counts().await.expect("counted").workers > 0)
                .await;
        }
        let add = orders.add("ship", &n).into_future();
        let (added, ()) = tokio::join!(add, async { receive.abort() });
        added.expect("added");
        let _ = receive.await;
        let jobs = orders.receive(1, LONG).await.expect("received");
        for job in jobs {
            assert_eq!(job.payload::<u64>().expect("a number"), n);
            job.complete().await.expect("acknowledged");
        }
    }
    eventually("all to be gone", async || orders.counts().await.expect("counted").workers == 0)
        .await;
}

#[tokio::test]
async fn workers_and_receivers_work_on_one_queue() {
    #[job(queue = "orders")]
    async fn ship(_n: u64) {}

    let (client, orders) = orders(0).await;
    client.add_all(ship, 0..50).await.expect("added");
    let by_hand = orders.receive(10, LONG).await.expect("received");
    let running = Running::start(worker(&client).handler(ship).queue_concurrency(20));
    let done = async || orders.counts().await.expect("counted").completed == 40;
    eventually("the worker to do the rest", done).await;
    assert_eq!(orders.limits().await.expect("read").max_active, Some(20));
    assert!(orders.receive(1, Duration::ZERO).await.expect("received").is_empty());
    assert_eq!(orders.limits().await.expect("read").max_active, Some(20), "its limit stays");
    for job in by_hand {
        job.complete().await.expect("acknowledged");
    }
    running.stop().await;
    assert_eq!(orders.counts().await.expect("counted").completed, 50);
}

#[tokio::test]
async fn expired_jobs_are_not_received_and_a_queue_without_consumers_is_swept() {
    let (client, orders) = orders(0).await;
    orders.set_limits().dead_letter("orders-dlq").await.expect("set");
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    orders.add_all("ship", 0..150).ttl(Duration::from_millis(20)).await.expect("added");
    let soon = orders.add("ship", &200).await.expect("added");
    tokio::time::sleep(Duration::from_millis(60)).await;
    let jobs = orders.receive(10, LONG).await.expect("received");
    assert_eq!(numbers(&jobs), [200]);
    assert_eq!(jobs[0].id(), soon.id());
    orders.expire().await.expect("swept");
    assert_eq!(dead.wait_for(150).await.expect("they arrive"), 150);
    orders.add_all("ship", 0..250).ttl(Duration::from_millis(20)).await.expect("added");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(orders.expire().await.expect("swept"), 250);
    assert_eq!(orders.expire().await.expect("swept"), 0);
    assert_eq!(dead.count().await.expect("counted"), 400);
    let (_, letter) = dead.page(399, 1).await.expect("read").remove(0);
    assert_eq!(letter.failure.reason, FailureReason::Expired);
    assert_eq!(orders.counts().await.expect("counted").workers, 1, "only who holds the job");
}

#[tokio::test]
async fn nonsense_is_refused_before_anything_is_sent() {
    let (_client, orders) = orders(1).await;
    let receiver = orders.receiver();
    for receive in [
        orders.receive(0, LONG),
        orders.receive(1_001, LONG),
        orders.receive(1, LONG).visibility(Duration::ZERO),
        receiver.clone().prefetch(0).receive(1, LONG),
        receiver.clone().max_receives(0).receive(1, LONG),
        receiver.clone().dead_letter("{}").receive(1, LONG),
    ] {
        let answer = receive.await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{answer:?}");
    }
    let job = orders.receive(1, LONG).await.expect("received").remove(0);
    assert!(matches!(job.extend(Duration::ZERO).await, Err(Error::Invalid(_))));
    assert!(job.payload::<String>().is_err());
    job.complete().await.expect("acknowledged");
}

#[tokio::test]
async fn what_a_dead_process_left_on_its_way_is_received() {
    let (client, base) = client_and_base("orders").await;
    let orders = client.queue("orders").expect("a good name");
    let job = orders.add("ship", &1).await.expect("added");
    let mut redis = raw(jobqueue_tests::shared::url()).await;
    let record = redis::Cmd::hget(format!("{base}jobs"), job.id().as_str());
    let record: Vec<u8> = record.query_async(&mut redis).await.expect("a record");
    // Nobody else looks into this queue's outbox.
    let shop = base.replace("orders", "shop");
    let mut entry = redis::cmd("XADD");
    entry.arg(format!("{shop}outbox")).arg("*").arg("to").arg(orders.name().as_str());
    entry.arg("id").arg("second").arg("priority").arg(0).arg("record").arg(record);
    let _: String = entry.query_async(&mut redis).await.expect("written");
    let source = redis::Cmd::hset(format!("{base}sources"), "shop", "0-0");
    let _: u8 = source.query_async(&mut redis).await.expect("written");

    let mut ids = BTreeSet::new();
    while ids.len() < 2 {
        let jobs = orders.receive(2, LONG).await.expect("received");
        assert!(!jobs.is_empty(), "only {ids:?} came");
        for job in jobs {
            ids.insert(job.id().to_string());
            job.complete().await.expect("completed");
        }
    }
    assert!(ids.contains("second"));
    let left = redis::cmd("XLEN").arg(format!("{shop}outbox")).to_owned();
    eventually("the outbox is empty", async || {
        let left: u64 = left.query_async(&mut redis.clone()).await.expect("counted");
        left == 0
    })
    .await;
}

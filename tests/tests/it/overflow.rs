//! Queues that are full, and the jobs that don't fit.

use jobqueue::{
    Client, Error, JobHandle, Queue,
    dead_letter::DeadLetter,
    error::{FailureReason, Refused},
    manage::Overflow,
};
use serde_json::Value;

use crate::support::client;

async fn orders(max: u64, overflow: Overflow) -> (Client, Queue) {
    let client = client().await;
    let orders = client.queue("orders").expect("a good name");
    let set = orders.set_limits().max_length(max).overflow(overflow).dead_letter("orders-dlq");
    set.await.expect("set");
    assert_eq!(orders.limits().await.expect("read").overflow, overflow);
    (client, orders)
}

/// The dead letters, as soon as `count` have arrived; there are no more.
async fn letters(client: &Client, count: u64) -> Vec<DeadLetter> {
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    let reached =
        tokio::time::timeout(std::time::Duration::from_secs(20), dead.wait_for(count)).await;
    assert_eq!(reached.expect("they arrive in time").expect("redis is there"), count);
    let page = dead.page(0, 1_000).await.expect("they can be read");
    page.into_iter().map(|(_, letter)| letter).collect()
}

fn payloads(letters: &[DeadLetter]) -> Vec<u64> {
    letters.iter().map(|letter| letter.payload().expect("a number")).collect()
}

async fn waiting(orders: &Queue) -> Vec<u64> {
    let page = orders.jobs(jobqueue::JobState::Waiting).page(0, 1_000).await.expect("read");
    let read = |job: &jobqueue::JobInfo| job.record.codec.decode(&job.record.payload);
    page.iter().map(|job| read(job).expect("a number")).collect()
}

fn overflowed(jobs: &[JobHandle<Value>]) -> Vec<bool> {
    jobs.iter().map(JobHandle::overflowed).collect()
}

#[tokio::test]
async fn jobs_that_do_not_fit_go_to_the_dead_letter_queue_and_the_others_are_added() {
    let (client, orders) = orders(3, Overflow::DeadLetter).await;
    let jobs = orders.add_all("ship", 0..5_u64).await.expect("added or sent away");
    assert_eq!(overflowed(&jobs), [false, false, false, true, true]);
    let one = orders.add("ship", &5_u64).header("tenant", "blue").await.expect("sent away");
    assert!(one.overflowed() && !one.existed());
    assert_eq!(waiting(&orders).await, [0, 1, 2]);
    let letters = letters(&client, 3).await;
    assert_eq!(payloads(&letters), [3, 4, 5]);
    assert_eq!(letters[2].failure.reason, FailureReason::Overflow);
    assert_eq!((&letters[2].id, letters[2].queue.as_str()), (one.id(), "orders"));
    assert_eq!(letters[2].record().expect("a record").options.headers["tenant"], "blue");
    // And they come back when there is room.
    orders.set_limits().max_length(None).await.expect("set");
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    assert_eq!(dead.redrive().await.expect("sent back"), 3);
    assert_eq!(waiting(&orders).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn unique_jobs_that_are_there_do_not_overflow() {
    let (client, orders) = orders(2, Overflow::DeadLetter).await;
    let first = orders.add("ship", &0_u64).unique("k").await.expect("added");
    orders.add("ship", &1_u64).id("chosen").await.expect("added");
    let twin = orders.add("ship", &2_u64).unique("k").await.expect("found");
    assert!(twin.existed() && !twin.overflowed());
    assert_eq!(twin.id(), first.id());
    assert!(orders.add("ship", &3_u64).id("chosen").await.expect("found").existed());
    let all = orders.add_all("ship", [4_u64, 5]).await.expect("sent away");
    assert_eq!(overflowed(&all), [true; 2]);
    assert!(orders.add("ship", &6_u64).unique("other").await.expect("sent away").overflowed());
    letters(&client, 3).await;
}

#[tokio::test]
async fn the_oldest_make_room() {
    let (client, orders) = orders(3, Overflow::DropOldest).await;
    let jobs = orders.add_all("ship", 0..8_u64).await.expect("added");
    assert_eq!(overflowed(&jobs), [false; 8]);
    orders.add("ship", &8_u64).await.expect("added");
    assert_eq!(waiting(&orders).await, [6, 7, 8]);
    let mut dropped = payloads(&letters(&client, 6).await);
    dropped.sort_unstable();
    assert_eq!(dropped, [0, 1, 2, 3, 4, 5]);
    // Without a dead-letter queue they are gone.
    orders.set_limits().dead_letter(None).await.expect("set");
    orders.add_all("ship", [9_u64, 10]).await.expect("added");
    assert_eq!(waiting(&orders).await, [8, 9, 10]);
    letters(&client, 6).await;
}

#[tokio::test]
async fn many_producers_at_a_full_queue_lose_nothing() {
    let (client, orders) = orders(20, Overflow::DeadLetter).await;
    let adds: Vec<_> =
        (0..300_u64).map(|n| tokio::spawn(orders.add("ship", &n).into_future())).collect();
    let mut away = 0;
    for add in adds {
        let job = add.await.expect("no panic").expect("added or sent away");
        away += u64::from(job.overflowed());
    }
    assert_eq!(away, 280);
    let mut all = payloads(&letters(&client, away).await);
    all.extend(waiting(&orders).await);
    all.sort_unstable();
    assert_eq!(all, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn without_a_dead_letter_queue_they_are_refused() {
    let (_client, orders) = orders(1, Overflow::DeadLetter).await;
    orders.set_limits().dead_letter(None).await.expect("set");
    orders.add("ship", &0_u64).await.expect("added");
    let error = orders.add("ship", &1_u64).await.expect_err("full");
    assert!(matches!(error, Error::Refused(Refused::QueueFull { cap: 1, .. })), "{error}");
    orders.set_limits().overflow(Overflow::Refuse).dead_letter("dlq").await.expect("set");
    let error = orders.add("ship", &1_u64).await.expect_err("full");
    assert!(matches!(error, Error::Refused(Refused::QueueFull { cap: 1, .. })), "{error}");
}

//! Jobs with keys that leave their runs, or go anywhere, and come back.

use std::time::Duration;

use jobqueue::{
    Client, DurationExt as _, Failure, JobState, Queue, State, Unique, job, manage::AfterFailure,
    receive::Delivery,
};
use jobqueue_tests::{shared, wait::eventually};
use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};

use super::{add, queue};
use crate::support::{
    Count, Running, client, client_and_base, complete, numbers, out, raw, worker,
};

/// Two jobs of one key, the first of them out.
async fn two(client: &Client) -> (Queue, Delivery) {
    let queue = queue(client);
    add(&queue, "user:1", 1, 0..2).await;
    let first = out(&queue, 5).await.pop().expect("one may start");
    assert!(out(&queue, 5).await.is_empty(), "the other may not");
    (queue, first)
}

#[tokio::test]
async fn however_a_run_ends_the_next_may_start() {
    let client = client().await;
    for end in 0..6 {
        let client = client.clone();
        let (queue, first) = two(&client).await;
        let id = first.id().clone();
        match end {
            0 => first.fail(Failure::permanent("no")).await,
            1 => first.fail(Failure::retry_after(1.hours(), "later")).await,
            2 => first.retry_in(1.hours()).await,
            3 => first.complete_with(&1).await,
            4 => {
                queue.job(id).cancel().await.expect("cancelled");
                first.release().await
            }
            _ => first.fail(Failure::retry_after(Duration::ZERO, "again")).await,
        }
        .expect("settled");
        let next = numbers(&out(&queue, 1).await);
        assert_eq!(next, [1], "case {end}");
        queue.obliterate().force().await.expect("gone");
    }
}

#[tokio::test]
async fn a_job_that_goes_back_has_its_place_again() {
    let client = client().await;
    let (queue, first) = two(&client).await;
    first.release().await.expect("released");
    assert_eq!(numbers(&out(&queue, 5).await), [0]);
}

#[tokio::test]
async fn what_waits_for_room_is_cancelled_removed_and_drained() {
    let (client, base) = client_and_base("orders").await;
    let queue = queue(&client);
    add(&queue, "user:1", 1, 0..6).await;
    let first = out(&queue, 9).await;
    let waiting = queue.jobs(JobState::Waiting).page(0, 9).await.expect("read");
    assert_eq!(waiting.len(), 5);
    let job = |n: usize| queue.job(waiting[n].id.clone());
    job(0).remove().await.expect("removed");
    job(1).cancel().await.expect("cancelled");
    assert_eq!(job(2).state().await.expect("read"), Some(JobState::Waiting));
    complete(first).await;
    let next = out(&queue, 9).await;
    assert_eq!(numbers(&next), [3]);
    queue.drain().await.expect("drained");
    complete(next).await;
    let mut redis = raw(shared::url()).await;
    for key in ["keys:active", "keys:blocked", "lane_of", "waiting"] {
        let exists: bool = redis.exists(format!("{base}{key}")).await.expect("read");
        assert!(!exists, "{key}");
    }
}

#[tokio::test]
async fn what_waits_for_room_expires() {
    let queue = queue(&client().await);
    add(&queue, "user:1", 1, [0]).await;
    let late =
        queue.add("work", &1_u32).concurrency_key("user:1", 1).ttl(Duration::from_millis(20));
    let late = late.await.expect("added");
    let first = out(&queue, 5).await;
    assert_eq!(numbers(&first), [0]);
    eventually("it has expired", async || {
        assert!(out(&queue, 5).await.is_empty());
        late.state().await.expect("read") == Some(JobState::Failed)
    })
    .await;
    complete(first).await;
    add(&queue, "user:1", 1, [2]).await;
    assert_eq!(numbers(&out(&queue, 5).await), [2]);
}

#[tokio::test]
async fn a_group_in_order_keeps_its_order() {
    let queue = queue(&client().await);
    queue.groups().set_limits("g").in_order(AfterFailure::GoOn).await.expect("set");
    add(&queue, "user:1", 1, [0]).await;
    let first = out(&queue, 5).await;
    let grouped = |n: u32| queue.add("work", &n).group("g");
    grouped(1).concurrency_key("user:1", 1).await.expect("added");
    grouped(2).await.expect("added");
    queue.add("work", &3_u32).group("other").await.expect("added");
    let other = out(&queue, 5).await;
    assert_eq!(numbers(&other), [3], "the group waits for its first job");
    complete(first).await;
    let next = out(&queue, 5).await;
    assert_eq!(numbers(&next), [1]);
    complete(next).await;
    assert_eq!(numbers(&out(&queue, 5).await), [2]);
}

#[tokio::test]
async fn a_group_in_order_goes_on_when_its_first_job_is_removed() {
    let queue = queue(&client().await);
    queue.groups().set_limits("g").in_order(AfterFailure::GoOn).await.expect("set");
    add(&queue, "user:1", 1, [0]).await;
    let _first = out(&queue, 5).await;
    let held = queue.add("work", &1_u32).group("g").concurrency_key("user:1", 1);
    let held = held.await.expect("added");
    queue.add("work", &2_u32).group("g").await.expect("added");
    assert!(out(&queue, 5).await.is_empty());
    held.remove().await.expect("removed");
    assert_eq!(numbers(&out(&queue, 5).await), [2]);
}

#[tokio::test]
async fn groups_share_what_has_room() {
    let queue = queue(&client().await);
    for n in 0..3_u32 {
        queue.add("work", &n).group("a").concurrency_key("k", 1).await.expect("added");
        queue.add("work", &(10 + n)).group("b").await.expect("added");
    }
    let first = out(&queue, 9).await;
    assert_eq!(numbers(&first), [0, 10, 11, 12]);
    complete(first).await;
    let next = out(&queue, 9).await;
    assert_eq!(numbers(&next), [1]);
    complete(next).await;
    assert_eq!(numbers(&out(&queue, 9).await), [2]);
}

#[derive(Debug, Serialize, Deserialize)]
struct Work {
    user: u32,
}

#[job(queue = "orders", concurrency_key = "work.user", attempts = 1, dead_letter = "dead")]
async fn keyed(work: Work, fails: State<Count>) -> Result<u32, Failure> {
    if fails.get() == 0 { Err(Failure::permanent("not yet")) } else { Ok(work.user) }
}

#[tokio::test]
async fn dead_letters_come_back_with_their_keys() {
    let client = client().await;
    let fails = Count::default();
    let running = Running::start(worker(&client).state(fails.clone()).handler(keyed));
    for _ in 0..2 {
        client.add(keyed, Work { user: 7 }).await.expect("added");
    }
    let dead = client.dead_letters("dead").expect("a good name");
    eventually("both are dead", async || dead.count().await.expect("counted") == 2).await;
    running.stop().await;
    assert_eq!(dead.redrive().await.expect("sent"), 2);
    let queue = queue(&client);
    eventually("both are back", async || queue.counts().await.expect("read").waiting == 2).await;
    let first = out(&queue, 9).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].record().options.concurrency_keys, [("user:7".to_owned(), 1)].into());
    complete(first).await;
    assert_eq!(out(&queue, 9).await.len(), 1);
}

#[tokio::test]
async fn copies_of_a_message_have_its_keys() {
    let client = client().await;
    let topic = client.topic("news").expect("a good name");
    let queue = queue(&client);
    topic.bind("orders", "#").await.expect("bound");
    for n in 0..2_u32 {
        let publish = client.publish("news", "order.placed", &n).concurrency_key("user:1", 1);
        publish.await.expect("published");
    }
    let worker = Running::start(worker(&client).handler(other));
    eventually("both have come", async || queue.counts().await.expect("read").waiting == 2).await;
    worker.stop().await;
    let first = out(&queue, 9).await;
    assert_eq!(first.len(), 1);
    complete(first).await;
    assert_eq!(out(&queue, 9).await.len(), 1);
}

#[job(queue = "other")]
async fn other(_n: u32) {}

#[tokio::test]
async fn one_that_is_replaced_waits_for_its_key_no_more() {
    let queue = queue(&client().await);
    add(&queue, "user:1", 1, [0]).await;
    let _first = out(&queue, 5).await;
    let by_key = || Unique::by("u").replace();
    let waits = queue.add("work", &1_u32).unique(by_key()).concurrency_key("user:1", 1);
    waits.await.expect("added");
    assert!(out(&queue, 5).await.is_empty());
    queue.add("work", &2_u32).unique(by_key()).await.expect("replaced");
    assert_eq!(numbers(&out(&queue, 5).await), [2]);
}

/// The group's newer jobs don't go before the one that waits for the key.
#[tokio::test]
async fn the_oldest_of_a_tenant_is_next() {
    let queue = queue(&client().await);
    let add = async |n: u32| {
        let add = queue.add("work", &n).group("t").concurrency_key("t", 1);
        add.await.expect("added");
    };
    add(0).await;
    let mut running = out(&queue, 5).await;
    for n in 1..6 {
        add(n).await;
        assert!(out(&queue, 5).await.is_empty());
        add(100 + n).await;
    }
    let mut order = Vec::new();
    for _ in 0..10 {
        complete(running).await;
        running = out(&queue, 5).await;
        order.extend(numbers(&running));
    }
    assert_eq!(order, [1, 101, 2, 102, 3, 103, 4, 104, 5, 105]);
}

#[tokio::test]
async fn jobs_of_a_paused_group_hold_no_key() {
    let queue = queue(&client().await);
    add(&queue, "user:1", 1, [0]).await;
    let first = out(&queue, 5).await;
    for n in 0..30_u32 {
        let add = queue.add("work", &n).group("paused").concurrency_key("user:1", 1);
        add.await.expect("added");
    }
    add(&queue, "user:1", 1, [99]).await;
    assert!(out(&queue, 5).await.is_empty());
    queue.groups().pause("paused").await.expect("paused");
    complete(first).await;
    assert_eq!(numbers(&out(&queue, 1).await), [99]);
}

#[tokio::test]
async fn a_thousand_jobs_of_four_keys_are_handed_out_at_once() {
    let queue = queue(&client().await);
    let many = queue.add_all("work", (0..1_000_u32).collect::<Vec<_>>());
    let keys = ["a", "b", "c", "d"];
    let many = keys.iter().fold(many, |many, key| many.concurrency_key(*key, 1_000));
    many.await.expect("added");
    let all = out(&queue, 1_000).await;
    assert_eq!(all.len(), 1_000);
    complete(all).await;
    // And all come back from their lanes at once.
    let many = queue.add_all("work", (0..1_000_u32).collect::<Vec<_>>());
    many.concurrency_key("a", 900).await.expect("added");
    let most = out(&queue, 1_000).await;
    assert_eq!(most.len(), 900);
    complete(most).await;
    assert_eq!(out(&queue, 1_000).await.len(), 100);
}

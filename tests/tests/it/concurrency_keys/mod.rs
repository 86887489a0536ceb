//! Keys of which only so many jobs are active at once.

mod moves;
mod random;
mod runs;

use std::time::Duration;

use jobqueue::{Client, Error, Queue};

use crate::support::{client, complete, numbers, out};

fn queue(client: &Client) -> Queue {
    client.queue("orders").expect("a good name")
}

/// Adds jobs with these payloads and this key, one after another.
async fn add(queue: &Queue, key: &str, per_key: u32, payloads: impl IntoIterator<Item = u32>) {
    for payload in payloads {
        queue.add("work", &payload).concurrency_key(key, per_key).await.expect("added");
    }
}

#[tokio::test]
async fn so_many_jobs_of_a_key_are_active_and_others_go_before() {
    let queue = queue(&client().await);
    add(&queue, "user:1", 1, 0..3).await;
    add(&queue, "shop:1", 2, 10..13).await;
    queue.add("work", &20_u32).await.expect("added");
    let first = out(&queue, 10).await;
    assert_eq!(numbers(&first), [0, 10, 11, 20]);
    assert!(out(&queue, 10).await.is_empty(), "no key has room");
    assert_eq!(queue.counts().await.expect("read").waiting, 3);
    complete(first).await;
    // What waited goes before what came later.
    queue.add("work", &21_u32).await.expect("added");
    let second = out(&queue, 10).await;
    assert_eq!(numbers(&second), [1, 12, 21]);
    complete(second).await;
    complete(out(&queue, 10).await).await;
    assert_eq!(queue.counts().await.expect("read").waiting, 0);
}

#[tokio::test]
async fn a_job_needs_room_of_all_its_keys() {
    let queue = queue(&client().await);
    let with = |n: u32, keys: &[(&str, u32)]| {
        let add = queue.add("work", &n);
        keys.iter().fold(add, |add, (key, per_key)| add.concurrency_key(*key, *per_key))
    };
    with(0, &[("a", 1)]).await.expect("added");
    with(1, &[("b", 1)]).await.expect("added");
    with(2, &[("a", 1), ("b", 1)]).await.expect("added");
    with(3, &[("c", 1), ("b", 1)]).await.expect("added");
    with(4, &[("c", 1)]).await.expect("added");
    let mut first = out(&queue, 10).await;
    assert_eq!(numbers(&first), [0, 1, 4]);
    first.remove(0).complete().await.expect("completed");
    assert!(out(&queue, 10).await.is_empty(), "the third waits for the other key now");
    first.remove(0).complete().await.expect("completed");
    let second = out(&queue, 10).await;
    assert_eq!(numbers(&second), [2]);
    complete(first).await;
    complete(second).await;
    assert_eq!(numbers(&out(&queue, 10).await), [3]);
}

#[tokio::test]
async fn each_job_says_how_many_there_may_be() {
    let queue = queue(&client().await);
    add(&queue, "user:1", 1, [0]).await;
    add(&queue, "user:1", 3, 1..4).await;
    add(&queue, "user:1", 1, [4]).await;
    let all = out(&queue, 10).await;
    // The last may not start beside others, and the first could.
    assert_eq!(numbers(&all), [0, 1, 2]);
    complete(all).await;
    let rest = out(&queue, 10).await;
    assert_eq!(numbers(&rest), [3]);
    complete(rest).await;
    assert_eq!(numbers(&out(&queue, 10).await), [4]);
}

#[tokio::test]
async fn priorities_count_among_what_waits() {
    let queue = queue(&client().await);
    add(&queue, "user:1", 1, 0..3).await;
    let first = out(&queue, 5).await;
    // All are in their lane by now.
    assert!(out(&queue, 5).await.is_empty());
    let urgent = queue.add("work", &9_u32).priority(-5).concurrency_key("user:1", 1);
    let urgent = urgent.await.expect("added");
    let late = queue.add("work", &8_u32).concurrency_key("user:1", 1).await.expect("added");
    assert!(out(&queue, 5).await.is_empty());
    late.set_priority(-9).await.expect("changed");
    complete(first).await;
    let next = out(&queue, 5).await;
    assert_eq!(next[0].id(), late.id());
    complete(next).await;
    assert_eq!(out(&queue, 5).await[0].id(), urgent.id());
}

#[tokio::test]
async fn a_long_row_of_one_key_holds_up_nobody() {
    let queue = queue(&client().await);
    let many = queue.add_all("work", (0..3_000_u32).collect::<Vec<_>>());
    many.concurrency_key("user:1", 1).await.expect("added");
    queue.add("work", &9_999_u32).await.expect("added");
    let mut found = Vec::new();
    while !found.contains(&9_999) {
        let some = queue.receive(10, Duration::from_secs(10)).await.expect("received");
        assert!(!some.is_empty(), "it is found");
        found.extend(numbers(&some));
    }
    assert_eq!(found, [0, 9_999]);
}

#[tokio::test]
async fn odd_keys_are_refused_and_nothing_is_added() {
    let queue = queue(&client().await);
    let odd = [("", 1), ("a\nb", 1), ("a", 0), ("a", 1_000_001)];
    for (key, per_key) in odd {
        let refused = queue.add("work", &1_u32).concurrency_key(key, per_key).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{key:?} {per_key}");
    }
    assert_eq!(queue.counts().await.expect("read").waiting, 0);
}

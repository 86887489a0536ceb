//! Ticks of queues whose jobs are received by hand alone.

use std::{collections::BTreeSet, time::Duration};

use jobqueue::{
    Client, DurationExt as _, Queue,
    schedule::{CatchUp, Every, Overlap},
};

use crate::support::client;

fn ticks(client: &Client) -> Queue {
    client.queue("ticks").expect("a good name")
}

/// A schedule of so many jobs, 200 ms apart.
async fn made(queue: &Queue, jobs: u64) -> Vec<String> {
    let schedule = queue.schedules().add("often", Every::new(200.millis()), "note", &1);
    let schedule = schedule.catch_up(CatchUp::Within(1.hours())).limit(jobs).await.expect("made");
    schedule
        .next_ticks(100)
        .iter()
        .map(|tick| format!("often:{}", tick.timestamp_millis()))
        .collect()
}

async fn received(queue: &Queue, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let jobs = queue.receive(1, 5.seconds()).await.expect("asked");
        assert!(!jobs.is_empty(), "nothing came after {ids:?}");
        for job in jobs {
            ids.push(job.id().to_string());
            job.complete().await.expect("settled");
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receive_fires_what_is_due_while_it_waits() {
    let client = client().await;
    let queue = ticks(&client);
    // It waits already when the schedule is made.
    let first = tokio::spawn({
        let queue = queue.clone();
        async move { received(&queue, 1).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let expected = made(&queue, 5).await;
    let mut ids = first.await.expect("no panic");
    ids.extend(received(&queue, 4).await);
    assert_eq!(ids, expected, "each tick once, in its order");
    let info = queue.schedules().get("often").await.expect("read").expect("it is kept");
    assert_eq!((info.fired, info.next), (5, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn receives_of_several_clients_fire_each_tick_once() {
    let one = client().await;
    let queue = ticks(&one);
    let expected: BTreeSet<String> = made(&queue, 8).await.into_iter().collect();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { received(&queue, 2).await })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.extend(task.await.expect("no panic"));
    }
    assert_eq!(ids.len(), 8);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_receiver_fires_what_is_due_as_well() {
    let client = client().await;
    let queue = ticks(&client);
    queue.add_all("note", 0..200_u32).await.expect("added");
    made(&queue, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // All of its receives find jobs.
    received(&queue, 5).await;
    jobqueue_tests::wait::eventually("it has fired", async || {
        let info = queue.schedules().get("often").await.expect("read").expect("it is there");
        info.fired == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_out_is_cancelled_by_the_next_tick() {
    let client = client().await;
    let queue = ticks(&client);
    let schedule = queue.schedules().add("often", Every::new(300.millis()), "note", &1);
    schedule.overlap(Overlap::Cancel).limit(2).await.expect("made");
    let first = queue.receive(1, 5.seconds()).await.expect("asked").pop().expect("a job");
    let second = queue.receive(1, 5.seconds()).await.expect("asked").pop().expect("a job");
    assert_ne!(first.id(), second.id());
    let refused = first.extend(1.seconds()).await.expect_err("it was cancelled");
    assert!(refused.to_string().contains("cancel"), "{refused}");
    second.complete().await.expect("settled");
}

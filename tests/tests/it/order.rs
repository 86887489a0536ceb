//! The order in which jobs run: FIFO is the order of the acknowledged adds of one producer.

use std::time::Duration;

use jobqueue::{Client, DurationExt as _, JobState, Queue};
use jobqueue_tests::wait::at_once;

use crate::support::client;

/// The payloads of jobs that wait, the next one first.
async fn waiting(queue: &Queue) -> Vec<u32> {
    let jobs = queue.jobs(JobState::Waiting).page(0, 1_000).await.expect("read");
    jobs.iter().map(|job| job.payload().expect("a number")).collect()
}

async fn queue(client: &Client, name: &str) -> Queue {
    client.queue(name).expect("a good name")
}

#[tokio::test]
async fn chosen_ids_of_one_millisecond_go_in_the_order_of_their_adds() {
    let client = client().await;
    let orders = queue(&client, "orders").await;
    for n in 0..40_u32 {
        // With ids of the library's own among them, which sort before and after.
        if n % 5 == 3 {
            orders.add("ship", &n).await.expect("added");
        } else {
            orders.add("ship", &n).id(format!("z{}", 99 - n)).await.expect("added");
        }
    }
    assert_eq!(waiting(&orders).await, (0..40).collect::<Vec<_>>());
    let many = orders.receive(40, 2.seconds()).await.expect("received");
    assert_eq!(many.len(), 40);
    // A whole batch that goes back is in that order again.
    for job in many.into_iter().rev() {
        job.release().await.expect("it goes back");
    }
    assert_eq!(waiting(&orders).await, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_priority_goes_before_the_order_of_adds() {
    let client = client().await;
    let orders = queue(&client, "orders").await;
    for n in 0..10_u32 {
        let add = orders.add("ship", &n).id(format!("z{}", 99 - n));
        add.priority(if n % 2 == 0 { 5 } else { 0 }).await.expect("added");
    }
    assert_eq!(waiting(&orders).await, [1, 3, 5, 7, 9, 0, 2, 4, 6, 8]);
}

#[tokio::test]
async fn failed_jobs_run_again_in_the_order_in_which_they_failed() {
    let client = client().await;
    let orders = queue(&client, "orders").await;
    orders.add_all("ship", 0..20_u32).attempts(1).await.expect("added");
    let mut out = orders.receive(20, 2.seconds()).await.expect("received");
    out.reverse();
    for job in out {
        job.fail("no").await.expect("settled");
        // Each in a millisecond of its own.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(orders.retry_failed().await.expect("retried"), 20);
    orders.add("ship", &99_u32).await.expect("added");
    let expected: Vec<u32> = (0..20).rev().chain([99]).collect();
    assert_eq!(waiting(&orders).await, expected);
}

#[tokio::test]
async fn dead_letters_go_back_in_the_order_in_which_they_came() {
    let client = client().await;
    let orders = queue(&client, "orders").await;
    orders.set_limits().dead_letter("dead").await.expect("set");
    orders.add_all("ship", 0..20_u32).attempts(1).await.expect("added");
    let mut out = orders.receive(20, 2.seconds()).await.expect("received");
    out.reverse();
    for job in out {
        job.fail("no").await.expect("settled");
    }
    let dead = client.dead_letters("dead").expect("a good name");
    let all = async || dead.count().await.expect("counted") == 20;
    at_once("the letters", all).await;
    assert_eq!(dead.redrive().await.expect("sent"), 20);
    let back = async || waiting(&orders).await.len() == 20;
    at_once("the jobs to be back", back).await;
    assert_eq!(waiting(&orders).await, (0..20).rev().collect::<Vec<_>>());
}

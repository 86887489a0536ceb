//! Batches, the slots of their worker, and its other handlers.

use jobqueue::{DurationExt as _, State, job};
use jobqueue_tests::wait::{at_once, eventually};

use super::{MOMENT, Stage, active, queue};
use crate::support::{Count, Running, client};

#[job(queue = "mixed", batch(max = 30, wait = "60s"))]
async fn large(docs: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&docs);
    stage.pass().await;
}

#[job(queue = "mixed", batch(max = 10, wait = "300ms"))]
async fn short(docs: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&docs);
}

#[job(queue = "mixed")]
async fn single(_: u32, ran: State<Count>) {
    ran.up();
}

/// Holds a slot.
#[job(queue = "mixed")]
async fn holds(_: u32, stage: State<Stage>, ran: State<Count>) {
    ran.up();
    stage.pass().await;
}

#[job(queue = "mixed", batch(max = 5, wait = "100ms", by = group))]
async fn grouped(docs: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&docs);
    stage.pass().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_takes_one_slot_and_may_be_larger_than_their_number() {
    let (client, stage) = (client().await, Stage::default());
    client.add_all(large, 0..90).await.expect("added");
    let running = Running::start(stage.worker(&client).concurrency(2).handler(large));
    at_once("two to start", async || stage.seen.sizes() == [30, 30]).await;
    tokio::time::sleep(MOMENT).await;
    let mixed = queue(&client, "mixed");
    assert_eq!(active(&mixed).await, 60, "no more are fetched than run");
    stage.gate.add_permits(1);
    at_once("the third", async || stage.seen.sizes() == [30, 30, 30]).await;
    stage.gate.add_permits(2);
    eventually("all to end", async || active(&mixed).await == 0).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_for_others_hold_no_one_up() {
    let (client, stage, ran) = (client().await, Stage::default(), Count::default());
    client.add_all(large, 0..20).await.expect("added");
    let builder = stage.worker(&client).concurrency(2).handler(large).handler(single);
    let running = Running::start(builder.state(ran.clone()));
    let mixed = queue(&client, "mixed");
    at_once("the first to wait", async || active(&mixed).await == 20).await;
    client.add_all(single, 0..50).await.expect("added");
    at_once("the others to run", async || ran.get() == 50).await;
    client.add_all(large, 20..30).await.expect("added");
    at_once("the batch", async || stage.seen.sizes() == [30]).await;
    stage.gate.add_permits(1);
    running.stop().await;
}

/// Behind jobs of another handler, and with no slot but its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_gathers_though_all_other_slots_are_taken() {
    let (client, stage, ran) = (client().await, Stage::default(), Count::default());
    let builder = stage.worker(&client).concurrency(2).handler(short).handler(holds);
    let running = Running::start(builder.state(ran.clone()));
    client.add(holds, 0).await.expect("added");
    at_once("a slot to be held", async || ran.get() == 1).await;
    client.add(short, 0).await.expect("added");
    client.add_all(holds, 1..20).await.expect("added");
    client.add_all(short, 1..10).await.expect("added");
    at_once("a full batch", async || stage.seen.sizes() == [10]).await;
    stage.gate.add_permits(100);
    eventually("all to end", async || ran.get() == 20).await;
    eventually("none to be left", async || active(&queue(&client, "mixed")).await == 0).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_one_slot_runs_both() {
    let (client, stage, ran) = (client().await, Stage::default(), Count::default());
    let builder = stage.worker(&client).concurrency(1).handler(short).handler(single);
    for round in 0..5 {
        client.add_all(short, 0..7).await.expect("added");
        client.add_all(single, 0..7).await.expect("added");
        let _ = round;
    }
    let running = Running::start(builder.state(ran.clone()));
    eventually("all", async || ran.get() == 35 && stage.seen.jobs() == 35).await;
    running.stop().await;
}

/// Batches of other groups wait for a slot, but not for ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_slot_goes_back_for_other_workers() {
    let (client, stage) = (client().await, Stage::default());
    for group in ["a", "b", "c"] {
        client.add_all(grouped, 0..2).group(group).await.expect("added");
    }
    let running = Running::start(stage.worker(&client).concurrency(1).handler(grouped));
    at_once("one to start", async || stage.seen.sizes() == [2]).await;
    let mixed = queue(&client, "mixed");
    eventually("the others to go back", async || active(&mixed).await == 2).await;
    let other = Stage::default();
    other.gate.add_permits(10);
    let second = Running::start(other.worker(&client).handler(grouped));
    eventually("the other worker", async || other.seen.jobs() == 4).await;
    stage.gate.add_permits(10);
    eventually("the end", async || active(&mixed).await == 0).await;
    running.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_fetches_ahead_gathers_the_next_batch_meanwhile() {
    let (client, stage) = (client().await, Stage::default());
    client.add_all(large, 0..60).await.expect("added");
    let builder = stage.worker(&client).concurrency(1).prefetch(30).handler(large);
    let running = Running::start(builder);
    let mixed = queue(&client, "mixed");
    at_once("both to be fetched", async || active(&mixed).await == 60).await;
    at_once("the first", async || !stage.seen.sizes().is_empty()).await;
    tokio::time::sleep(MOMENT).await;
    assert_eq!(stage.seen.sizes(), [30], "one slot");
    stage.gate.add_permits(2);
    at_once("the second", async || stage.seen.sizes() == [30, 30]).await;
    eventually("the end", async || active(&mixed).await == 0).await;
    running.stop_within(1.seconds()).await;
}

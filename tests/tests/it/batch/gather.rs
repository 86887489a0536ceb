//! Which jobs come into a batch, and when it starts.

use std::time::Instant;

use jobqueue::{DurationExt as _, State, handler::BatchContext, job};
use jobqueue_tests::wait::{at_once, eventually};

use super::{LONG, Stage, active, queue};
use crate::support::{Running, client};

const PATIENT: std::time::Duration = std::time::Duration::from_secs(60);

#[job(queue = "docs", batch(max = 5, wait = PATIENT))]
async fn full(docs: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&docs);
}

#[job(queue = "docs", batch(max = 50, wait = "300ms"))]
async fn soon(docs: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&docs);
}

#[job(queue = "docs", batch(max = 500))]
async fn at_hand(docs: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&docs);
}

#[job(queue = "docs", batch(max = 3, wait = "500ms", by = group))]
async fn apart(docs: Vec<u32>, ctx: BatchContext, stage: State<Stage>) {
    assert!(ctx.jobs().iter().all(|job| job.group() == ctx.group()), "of one group");
    assert_eq!((ctx.len(), ctx.is_empty()), (docs.len(), false));
    stage.seen.note(&docs);
}

#[job(queue = "docs", batch(max = 20, wait = "100ms", by = group))]
async fn many_groups(docs: Vec<u32>, ctx: BatchContext, stage: State<Stage>) {
    assert!(ctx.jobs().iter().all(|job| job.group() == ctx.group()), "of one group");
    stage.seen.note(&docs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_batch_starts_at_once_and_in_order() {
    assert_eq!(LONG, "60s", "as the handlers say");
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(full));
    client.add_all(full, 0..5).await.expect("added");
    at_once("the first", async || stage.seen.all() == [[0, 1, 2, 3, 4]]).await;
    // One by one, too.
    for number in 5..10 {
        client.add(full, number).await.expect("added");
    }
    at_once("the second", async || stage.seen.all().get(1) == Some(&vec![5, 6, 7, 8, 9])).await;
    running.stop().await;
}

#[tokio::test]
async fn on_one_thread_it_is_the_same() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(full));
    let jobs = client.add_all(full, 0..20).await.expect("added");
    for job in jobs {
        job.result().await.expect("it ran");
    }
    assert_eq!(stage.seen.sizes(), [5; 4]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_waits_for_others_from_its_first_job_on() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(soon));
    let began = Instant::now();
    let first = client.add(soon, 1).await.expect("added");
    let second = client.add(soon, 2).await.expect("added");
    first.result().await.expect("it ran");
    second.result().await.expect("it ran");
    assert!(began.elapsed() >= 300.millis(), "after {:?}", began.elapsed());
    assert_eq!(stage.seen.all(), [[1, 2]]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_wait_it_is_what_is_there() {
    let (client, stage) = (client().await, Stage::default());
    client.add_all(at_hand, 0..400).await.expect("added");
    let running = Running::start(stage.worker(&client).concurrency(1).handler(at_hand));
    eventually("all to run", async || stage.seen.jobs() == 400).await;
    let sizes = stage.seen.sizes();
    assert!(sizes.len() <= 4, "{sizes:?}");
    let one = client.add(at_hand, 400).await.expect("added");
    one.result().await.expect("it ran, alone");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_group_each_has_its_own() {
    let (client, stage) = (client().await, Stage::default());
    let jobs = [("a", 0), ("b", 10), ("a", 1), ("b", 11), ("a", 2)];
    let running = Running::start(stage.worker(&client).handler(apart));
    for (group, number) in jobs {
        client.add(apart, number).group(group).await.expect("added");
    }
    for number in [20, 21, 22] {
        client.add(apart, number).await.expect("added");
    }
    at_once("those that are full", async || stage.seen.all().len() == 2).await;
    assert!(stage.seen.all().contains(&vec![0, 1, 2]), "{:?}", stage.seen.all());
    assert!(stage.seen.all().contains(&vec![20, 21, 22]), "without a group, among themselves");
    at_once("the other", async || stage.seen.all().get(2) == Some(&vec![10, 11])).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_groups_than_slots() {
    let (client, stage) = (client().await, Stage::default());
    // Turns go round: neighbours are of other groups.
    for group in 0..40 {
        let numbers = (0..20).map(|n| 100 * group + n);
        client.add_all(many_groups, numbers).group(format!("g{group}")).await.expect("added");
    }
    let running = Running::start(stage.worker(&client).concurrency(2).handler(many_groups));
    eventually("all to run", async || stage.seen.jobs() == 800).await;
    let sizes = stage.seen.sizes();
    // No rule says how many, but a batch is worth its name.
    assert!(sizes.len() < 800 / 2, "{sizes:?}");
    eventually("all to end", async || active(&queue(&client, "docs")).await == 0).await;
    let counts = queue(&client, "docs").counts().await.expect("counted");
    assert_eq!((counts.completed, counts.waiting, counts.failed), (800, 0, 0));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_by_priority_come_first() {
    let (client, stage) = (client().await, Stage::default());
    client.add_all(full, 0..5).await.expect("added");
    client.add_all(full, 10..15).priority(-5).await.expect("added");
    let running = Running::start(stage.worker(&client).concurrency(1).handler(full));
    at_once("all to run", async || stage.seen.jobs() == 10).await;
    assert_eq!(stage.seen.all(), [[10, 11, 12, 13, 14], [0, 1, 2, 3, 4]]);
    running.stop().await;
}

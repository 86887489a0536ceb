//! Batches with other features: unique keys, times to live, deadlines, delays, flows, schedules,
//! progress, versions.

use std::time::Duration;

use chrono::Utc;
use jobqueue::{
    DurationExt as _, Flow, JobState, Payload, State,
    error::{FailureReason, ResultError},
    flow::Inputs,
    handler::BatchContext,
    job,
    schedule::Every,
};
use jobqueue_tests::wait::{at_once, eventually};
use serde::{Deserialize, Serialize};

use super::{Stage, active, queue};
use crate::support::{Running, client, worker};

#[derive(Serialize, Deserialize, Payload)]
struct DocV1 {
    tenant: String,
}

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(DocV1))]
struct Doc {
    tenant: String,
    pages: u32,
}

impl From<DocV1> for Doc {
    fn from(doc: DocV1) -> Self {
        Self { tenant: doc.tenant, pages: 1 }
    }
}

fn doc(tenant: &str, pages: u32) -> Doc {
    Doc { tenant: tenant.to_owned(), pages }
}

/// Its group and its key are made of each payload.
#[job(queue = "library", group = "docs.tenant", unique(by = "docs.tenant, docs.pages"),
    batch(max = 10, wait = "200ms", by = group))]
async fn file(docs: Vec<Doc>, ctx: BatchContext) -> Vec<(String, u32, usize)> {
    let group = ctx.group().unwrap_or_default().to_owned();
    docs.iter().map(|doc| (group.clone(), doc.pages, ctx.len())).collect()
}

#[job(queue = "squares", batch(max = 10, wait = "50ms"))]
async fn square(numbers: Vec<u64>, stage: State<Stage>) -> Vec<u64> {
    let seen: Vec<u32> = numbers.iter().map(|n| u32::try_from(*n).expect("small")).collect();
    stage.seen.note(&seen);
    numbers.iter().map(|n| n * n).collect()
}

#[job(queue = "sums")]
async fn sum(_: (), parts: Inputs<Vec<u64>>) -> u64 {
    parts.iter().sum()
}

#[job(queue = "waits", batch(max = 2, wait = "60s"))]
async fn waits(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
}

#[job(queue = "ticks", batch(max = 3, wait = "60s"))]
async fn ticks(items: Vec<u32>, ctx: BatchContext, stage: State<Stage>) {
    assert!(ctx.jobs().iter().all(|job| job.schedule().is_some()));
    stage.seen.note(&items);
}

#[job(queue = "tells", batch(max = 2, wait = "60s"))]
async fn tells(
    items: Vec<u32>,
    ctx: BatchContext,
    stage: State<Stage>,
) -> Result<(), jobqueue::Error> {
    for (item, job) in items.iter().zip(ctx.jobs()) {
        job.progress(item).await?;
        job.log(format!("item {item}")).await?;
    }
    stage.pass().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_keys_and_versions_are_those_of_each_payload() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(file));
    let one = client.add(file, doc("a", 7)).await.expect("added");
    let two = client.add(file, doc("b", 8)).await.expect("added");
    let same = client.add(file, doc("a", 7)).await.expect("added");
    assert_eq!(one.id(), same.id(), "its key is taken while it waits in a batch");
    let library = queue(&client, "library");
    let old = library.add("file", &DocV1 { tenant: "a".to_owned() }).group("a").version(1).await;
    let old = old.expect("added").typed::<(String, u32, usize)>();
    assert_eq!(one.result().await.expect("it ran"), ("a".to_owned(), 7, 2));
    assert_eq!(two.result().await.expect("it ran"), ("b".to_owned(), 8, 1));
    assert_eq!(old.result().await.expect("it ran"), ("a".to_owned(), 1, 2));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_of_a_flow_run_in_a_batch_and_their_parent_gets_each_result() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(square).handler(sum));
    let flow = Flow::unnamed();
    let squares = flow.all(square, 1..=5);
    let total = flow.node(sum, ()).after(&squares);
    let handle = client.start(flow, total).await.expect("it starts");
    assert_eq!(handle.result().await.expect("it ends"), 55);
    assert_eq!(stage.seen.jobs(), 5);
    assert!(stage.seen.sizes().len() < 5, "{:?}", stage.seen.all());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_of_a_schedule_gather() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(ticks));
    let every = Every::new(100.millis());
    client
        .schedule("often", every, ticks, 7)
        .overlap(jobqueue::schedule::Overlap::Allow)
        .limit(3)
        .await
        .expect("made");
    eventually("three ticks", async || stage.seen.all() == [[7, 7, 7]]).await;
    running.stop().await;
}

/// A time to live ends with the fetch; a deadline doesn't.
#[tokio::test(flavor = "multi_thread")]
async fn times_that_end_a_job_while_it_waits_in_a_batch() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(waits));
    let brief = client.add(waits, 1).ttl(200.millis()).await.expect("added");
    at_once("it waits", async || active(&queue(&client, "waits")).await == 1).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    client.add(waits, 2).await.expect("added");
    brief.result().await.expect("it was fetched in time");

    let over = client.add(waits, 3).deadline(Utc::now() + 300.millis()).await.expect("added");
    tokio::time::sleep(Duration::from_millis(400)).await;
    let late = client.add(waits, 4).await.expect("added");
    late.result().await.expect("it ran");
    let Err(ResultError::Failed { failure, .. }) = over.result().await else {
        panic!("its deadline was over")
    };
    assert_eq!(failure.reason, FailureReason::Deadline);
    assert_eq!(stage.seen.all(), [vec![1, 2], vec![4]]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delayed_jobs_join_when_they_are_due() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(waits));
    client.add(waits, 1).await.expect("added");
    client.add(waits, 2).delay(300.millis()).await.expect("added");
    eventually("both", async || stage.seen.all() == [[1, 2]]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_has_its_own_progress_and_log() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(tells));
    let jobs = client.add_all(tells, [1, 2]).await.expect("added");
    for (job, expected) in jobs.iter().zip([1, 2]) {
        let told = async || {
            let info = job.info().await.expect("it runs");
            info.state == JobState::Active
                && info.progress::<u32>().expect("a number") == Some(expected)
        };
        at_once("its progress", told).await;
    }
    stage.gate.add_permits(1);
    jobs[1].result().await.expect("it ran");
    let log = jobs[1].logs(0).await.expect("read");
    assert_eq!(log.len(), 1, "{log:?}");
    running.stop().await;
}

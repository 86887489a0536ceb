//! Batches within limits: of their handler, of the queue, of groups.

use std::time::Instant;

use jobqueue::{
    DurationExt as _, Failure, JobState, Rate, State, handler::BatchContext, job,
    telemetry::WorkerEvent,
};
use jobqueue_tests::wait::{at_once, eventually};

use super::{MOMENT, Stage, active, queue};
use crate::support::{Running, client, next_now};

#[job(queue = "narrow", concurrency = 1, batch(max = 4, wait = "50ms"))]
async fn one_by_one(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
    stage.pass().await;
}

#[job(queue = "narrow", rate = limit(1, per = "300ms"), batch(max = 4, wait = "20ms"))]
async fn at_a_rate(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
}

#[job(queue = "narrow", batch(max = 10, wait = "200ms"))]
async fn any(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
}

#[job(queue = "narrow", batch(max = 10, wait = "100ms", by = group))]
async fn by_group(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
}

/// Fails as a whole until the gate has a permit.
#[job(queue = "narrow", attempts = 100, backoff = fixed("1ms"),
    breaker = after(2, pause = "200ms"), batch(max = 5, wait = "20ms"))]
async fn guarded(items: Vec<u32>, stage: State<Stage>) -> Result<Vec<u32>, Failure> {
    stage.seen.note(&items);
    match stage.gate.available_permits() {
        0 => Err(Failure::retry("away")),
        _ => Ok(items),
    }
}

/// One of each batch fails; the others show that the other side is well.
#[job(queue = "narrow", attempts = 1, breaker = after(2, pause = "1h"), batch(max = 5, wait = "20ms"))]
async fn partly(items: Vec<u32>, ctx: BatchContext) -> Vec<Result<u32, Failure>> {
    assert_eq!(ctx.len(), items.len());
    let one = |item| if item > 0 { Err(Failure::retry("no")) } else { Ok(item) };
    items.into_iter().map(one).collect()
}

#[job(queue = "narrow", batch(max = 4, wait = "50ms"))]
async fn told_to_wait(items: Vec<u32>, stage: State<Stage>) -> Result<(), Failure> {
    stage.seen.note(&items);
    match stage.seen.sizes().len() {
        1 => Err(Failure::rate_limited(300.millis(), "too many")),
        _ => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_concurrency_counts_batches() {
    let (client, stage) = (client().await, Stage::default());
    client.add_all(one_by_one, 0..12).await.expect("added");
    let running = Running::start(stage.worker(&client).handler(one_by_one));
    at_once("the first", async || stage.seen.sizes() == [4]).await;
    tokio::time::sleep(MOMENT).await;
    let narrow = queue(&client, "narrow");
    assert_eq!((stage.seen.sizes().len(), active(&narrow).await), (1, 4), "the others wait");
    stage.gate.add_permits(1);
    at_once("the second", async || stage.seen.sizes() == [4, 4]).await;
    stage.gate.add_permits(2);
    eventually("the end", async || active(&narrow).await == 0 && stage.seen.jobs() == 12).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_rate_counts_batches() {
    let (client, stage) = (client().await, Stage::default());
    client.add_all(at_a_rate, 0..12).await.expect("added");
    let began = Instant::now();
    let running = Running::start(stage.worker(&client).handler(at_a_rate));
    eventually("three", async || stage.seen.jobs() == 12).await;
    assert_eq!(stage.seen.sizes(), [4, 4, 4]);
    assert!(began.elapsed() >= 580.millis(), "{:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_the_queue_count_jobs() {
    let (client, stage) = (client().await, Stage::default());
    let narrow = queue(&client, "narrow");
    narrow.set_limits().max_active(3).await.expect("set");
    client.add_all(any, 0..9).await.expect("added");
    let running = Running::start(stage.worker(&client).handler(any));
    eventually("all", async || stage.seen.jobs() == 9).await;
    assert_eq!(stage.seen.sizes(), [3, 3, 3], "after their wait");
    narrow
        .set_limits()
        .max_active(None)
        .rate(Rate::new(20, 1.seconds()).burst(2))
        .await
        .expect("set");
    client.add_all(any, 9..15).await.expect("added");
    eventually("all", async || stage.seen.jobs() == 15).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_groups_count_jobs() {
    let (client, stage) = (client().await, Stage::default());
    let narrow = queue(&client, "narrow");
    narrow.groups().set_limits_of_all().max_active(2).await.expect("set");
    client.add_all(by_group, 0..4).group("a").await.expect("added");
    client.add_all(by_group, 10..14).group("b").await.expect("added");
    let running = Running::start(stage.worker(&client).handler(by_group));
    eventually("all", async || stage.seen.jobs() == 8).await;
    let mut all = stage.seen.all();
    all.sort_unstable();
    assert_eq!(all, [[0, 1], [2, 3], [10, 11], [12, 13]]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_counts_batches_and_one_of_them_probes() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).concurrency(1).handler(guarded));
    let mut events = running.handle.events();
    let jobs = client.add_all(guarded, 0..5).await.expect("added");
    loop {
        match events.next().await.expect("it is told") {
            WorkerEvent::BreakerOpened { .. } => break,
            _ => continue,
        }
    }
    assert_eq!(stage.seen.sizes(), [5, 5], "two calls in a row");
    stage.gate.add_permits(1);
    for (job, expected) in jobs.iter().zip(0..) {
        assert_eq!(job.result().await.expect("it completes"), expected);
    }
    // Those that gathered until then, at once.
    assert!(stage.seen.sizes()[2..].iter().sum::<usize>() == 5, "{:?}", stage.seen.sizes());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_in_which_one_job_goes_well_opens_no_breaker() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(partly));
    let mut events = running.handle.events();
    for _ in 0..4 {
        let jobs = client.add_all(partly, 0..5).await.expect("added");
        jobs[0].result().await.expect("it completes");
        eventually("the others", async || {
            jobs[4].state().await.expect("a state") == Some(JobState::Failed)
        })
        .await;
    }
    while let Some(event) = next_now(&mut events).await {
        assert!(!matches!(event, WorkerEvent::BreakerOpened { .. }));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_told_to_wait_holds_its_queue_at_no_cost() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(told_to_wait));
    let began = Instant::now();
    for job in client.add_all(told_to_wait, 0..4).await.expect("added") {
        job.result().await.expect("it completes");
        assert_eq!(job.info().await.expect("kept").attempts_made, 0);
    }
    assert!(began.elapsed() >= 300.millis(), "{:?}", began.elapsed());
    running.stop().await;
}

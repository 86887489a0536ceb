//! What becomes of the jobs of a batch.

use std::time::Duration;

use jobqueue::{
    DurationExt as _, Failure, JobHandle, JobState, State,
    error::{FailureReason, JobFailure, ResultError},
    handler::BatchContext,
    job,
};
use jobqueue_tests::wait::{at_once, eventually};

use super::{Stage, queue};
use crate::support::{Count, Running, client, worker};

/// Odd numbers fail until their third attempt; above 100 for good.
#[job(queue = "items", attempts = 3, backoff = fixed("1ms"), dead_letter = "items-dlq",
    batch(max = 10, wait = "100ms"))]
async fn pick(
    items: Vec<u32>,
    ctx: BatchContext,
    stage: State<Stage>,
) -> Vec<Result<u32, Failure>> {
    stage.seen.note(&items);
    let one = |(item, job): (u32, &jobqueue::Context)| match item {
        100.. => Err(Failure::permanent("no such item")),
        item if item % 2 == 1 && job.attempt() < 3 => Err(Failure::retry("not yet")),
        item => Ok(10 * item + job.attempt()),
    };
    items.into_iter().zip(ctx.jobs()).map(one).collect()
}

/// All fail in their first attempt.
#[job(queue = "items", attempts = 2, backoff = fixed("1ms"), batch(max = 3, wait = "100ms"))]
async fn whole(items: Vec<u32>, ctx: BatchContext) -> Result<Vec<u32>, std::io::Error> {
    match ctx.jobs().iter().all(|job| job.attempt() == 1) {
        true => Err(std::io::Error::other("the other side is away")),
        false => Ok(items),
    }
}

#[job(queue = "items", attempts = 1, batch(max = 3))]
async fn nothing(items: Vec<u32>) -> Result<(), String> {
    if items.contains(&0) { Err("zero".to_owned()) } else { Ok(()) }
}

#[job(queue = "items", batch(max = 3, wait = "100ms"))]
async fn too_few(items: Vec<u32>) -> Vec<u32> {
    items.into_iter().skip(1).collect()
}

#[job(queue = "items", attempts = 1, batch(max = 3, wait = "100ms"))]
async fn boom(items: Vec<u32>) -> Vec<u32> {
    panic!("boom of {}", items.len())
}

#[job(queue = "items", attempts = 1, timeout = "200ms", batch(max = 3, wait = "500ms"))]
async fn slow(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
    stage.pass().await;
}

#[job(queue = "items", snoozes = 1, batch(max = 3, wait = "100ms"))]
async fn later(
    items: Vec<u32>,
    ctx: BatchContext,
    runs: State<Count>,
) -> Vec<Result<u32, Failure>> {
    runs.up();
    let one = |(item, job): (u32, &jobqueue::Context)| match (item, job.snoozes()) {
        (0, 0) => Err(Failure::snooze(1.millis(), "later")),
        (1, _) if job.snoozes() == 0 && job.attempt() == 1 && ctx.len() > 1 => {
            Err(Failure::retry_after(1.millis(), "again"))
        }
        _ => Ok(item),
    };
    items.into_iter().zip(ctx.jobs()).map(one).collect()
}

#[job(queue = "items", attempts = 1, blocking, batch(max = 3, wait = "100ms"))]
fn block(items: Vec<u32>, ctx: BatchContext) -> Result<Vec<u32>, Failure> {
    std::thread::sleep(Duration::from_millis(5));
    let jobs = u32::try_from(ctx.len())?;
    drop(ctx);
    Ok(items.into_iter().map(|item| item + jobs).collect())
}

async fn failure<T: serde::de::DeserializeOwned>(
    job: &JobHandle<T>,
) -> (FailureReason, String, u32) {
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => {
            (failure.reason, failure.message.clone(), failure.attempt)
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it completed"),
    }
}

/// Its failed attempts.
async fn errors<T>(job: &JobHandle<T>) -> Vec<JobFailure> {
    job.info().await.expect("it is kept").errors
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_has_its_own_result_attempts_error_and_dead_letter() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(pick));
    let jobs = client.add_all(pick, [0, 1, 2, 3, 100]).await.expect("added");
    for (job, expected) in jobs.iter().zip([1, 13, 21, 33]) {
        assert_eq!(job.result().await.expect("it completes"), expected);
    }
    let (reason, message, attempt) = failure(&jobs[4]).await;
    assert_eq!((reason, &*message, attempt), (FailureReason::Permanent, "no such item", 1));
    assert_eq!(stage.seen.all()[0], [0, 1, 2, 3, 100], "all at first");
    assert!(
        stage.seen.all()[1..].iter().flatten().all(|item| item % 2 == 1),
        "then those that failed"
    );
    let errors = errors(&jobs[3]).await;
    assert_eq!(errors.len(), 2, "{errors:?}");
    let letters = queue(&client, "items-dlq");
    eventually("its dead letter", async || letters.counts().await.expect("read").waiting == 1)
        .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_one_of_them_is_answered() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(pick));
    let (fine, bad) = tokio::join!(client.call(pick, 4), client.call(pick, 100));
    assert_eq!(fine.expect("a reply"), 41);
    assert!(bad.is_err(), "its own failure");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_whole_is_one_of_each() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(whole).handler(nothing));
    let jobs = client.add_all(whole, [7, 8, 9]).await.expect("added");
    for (job, expected) in jobs.iter().zip([7, 8, 9]) {
        assert_eq!(job.result().await.expect("its second attempt"), expected);
        let errors = errors(job).await;
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].message, "the other side is away");
    }
    let zero = client.add(nothing, 0).await.expect("added");
    assert_eq!(failure(&zero).await, (FailureReason::Error, "zero".to_owned(), 1));
    client.add(nothing, 1).await.expect("added").result().await.expect("nothing");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_are_too_few_fail_the_whole_for_good() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(too_few));
    for job in client.add_all(too_few, [1, 2, 3]).await.expect("added") {
        let (reason, message, attempt) = failure(&job).await;
        assert_eq!((reason, attempt), (FailureReason::Permanent, 1));
        assert_eq!(message, "the handler gave 2 results for a batch of 3 jobs");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_one_of_each_and_the_worker_goes_on() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(boom).handler(block));
    for job in client.add_all(boom, [1, 2, 3]).await.expect("added") {
        assert_eq!(failure(&job).await, (FailureReason::Panic, "boom of 3".to_owned(), 1));
    }
    for job in client.add_all(block, [10, 20, 30]).await.expect("added") {
        assert_eq!(job.result().await.expect("it ran") % 10, 3, "on a thread where it may block");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_counts_from_the_start_of_the_batch() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(slow));
    let jobs = client.add_all(slow, [1, 2]).await.expect("added");
    at_once("the call", async || stage.seen.sizes() == [2]).await;
    for job in &jobs {
        assert_eq!(failure(job).await.0, FailureReason::Timeout);
    }
    at_once("the call to be dropped", async || stage.dropped.get() == 1).await;
    // It waits for longer than its timeout, and is in time.
    stage.gate.add_permits(1);
    client.add(slow, 3).await.expect("added").result().await.expect("in time");
    running.stop().await;
}

/// An add may say another timeout for one job.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_out_of_time_leaves_the_others_alone() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(slow));
    let long = client.add(slow, 1).timeout(20.seconds()).await.expect("added");
    let short = client.add(slow, 2).await.expect("added");
    assert_eq!(failure(&short).await.0, FailureReason::Timeout);
    assert_eq!(stage.dropped.get(), 0, "one is left");
    stage.gate.add_permits(1);
    long.result().await.expect("in time");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_those_of_other_handlers() {
    let (client, runs) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(later).state(runs.clone()));
    let jobs = client.add_all(later, [0, 1, 2]).await.expect("added");
    for (job, expected) in jobs.iter().zip(0..) {
        assert_eq!(job.result().await.expect("it completes"), expected);
    }
    let info = jobs[0].info().await.expect("it is kept");
    assert_eq!((info.state, info.attempts_made, info.snoozes), (JobState::Completed, 0, 1));
    running.stop().await;
}

/// A payload of another shape is a failure of its own job alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_cannot_be_read_leaves_the_others_alone() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(pick));
    let items = queue(&client, "items");
    let bad = items.add("pick", "no number").await.expect("added");
    let fine = client.add(pick, 6).await.expect("added");
    assert_eq!(fine.result().await.expect("it completes"), 61);
    assert_eq!(failure(&bad).await.0, FailureReason::BadPayload);
    assert_eq!(stage.seen.all(), [[6]]);
    running.stop().await;
}

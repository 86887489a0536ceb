//! Jobs of batches that are cancelled, drained, lost.

use std::{future::pending, time::Duration};

use jobqueue::{DurationExt as _, Failure, JobHandle, JobState, State, handler::BatchContext, job};
use jobqueue_tests::{
    shared,
    wait::{at_once, eventually},
};

use super::{Stage, active, queue};
use crate::support::{Count, Running, client, client_and_base, raw};

#[job(queue = "stops", batch(max = 4, wait = "60s"))]
async fn gathers(items: Vec<u32>, stage: State<Stage>) -> Vec<u32> {
    stage.seen.note(&items);
    stage.pass().await;
    items
}

/// Says of each job whether it was told to stop, once one of them was.
#[job(queue = "stops", cancel_grace = "10s", batch(max = 4, wait = "100ms"))]
async fn listens(
    items: Vec<u32>,
    ctx: BatchContext,
    stage: State<Stage>,
) -> Vec<Result<u32, Failure>> {
    stage.seen.note(&items);
    ctx.jobs()[0].cancelled().await;
    assert!(!ctx.is_cancelled(), "others go on");
    let one = |(item, job): (u32, &jobqueue::Context)| match job.is_cancelled() {
        true => Err(Failure::retry("stopped")),
        false => Ok(item),
    };
    items.into_iter().zip(ctx.jobs()).map(one).collect()
}

#[job(queue = "stops", attempts = 2, cancel_grace = "100ms", batch(max = 4, wait = "100ms"))]
async fn stays(items: Vec<u32>, ctx: BatchContext, stage: State<Stage>, told: State<Count>) {
    stage.seen.note(&items);
    tokio::join!(stage.pass(), async {
        ctx.cancelled().await;
        told.up();
    });
}

#[job(queue = "stops", at_most_once, batch(max = 4, wait = "100ms"))]
async fn once(items: Vec<u32>, stage: State<Stage>) {
    stage.seen.note(&items);
    stage.pass().await;
}

async fn state<T>(job: &JobHandle<T>) -> Option<JobState> {
    job.state().await.expect("a state")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_leaves_a_batch_that_has_not_started() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(gathers));
    let stops = queue(&client, "stops");
    let jobs = client.add_all(gathers, 0..3).await.expect("added");
    at_once("they wait", async || active(&stops).await == 3).await;
    jobs[1].cancel().await.expect("told");
    at_once("its end", async || state(&jobs[1]).await == Some(JobState::Cancelled)).await;
    client.add_all(gathers, 3..5).await.expect("added");
    at_once("the batch", async || stage.seen.all() == [[0, 2, 3, 4]]).await;
    stage.gate.add_permits(1);
    assert_eq!(jobs[2].result().await.expect("it ran"), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_jobs_of_a_batch_that_waits_may_be_cancelled() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).concurrency(1).handler(gathers));
    let stops = queue(&client, "stops");
    for _ in 0..3 {
        let jobs = client.add_all(gathers, 0..3).await.expect("added");
        at_once("they wait", async || active(&stops).await == 3).await;
        stops.cancel_all(jobs.iter().map(|job| job.id())).await.expect("told");
        at_once("their end", async || active(&stops).await == 0).await;
    }
    client.add_all(gathers, 0..4).await.expect("added");
    at_once("the batch", async || stage.seen.sizes() == [4]).await;
    stage.gate.add_permits(1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_of_a_batch_that_runs_ends_alone() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(listens));
    let jobs = client.add_all(listens, 0..3).await.expect("added");
    at_once("the call", async || stage.seen.jobs() == 3).await;
    jobs[0].cancel().await.expect("told");
    at_once("its end", async || state(&jobs[0]).await == Some(JobState::Cancelled)).await;
    assert_eq!(jobs[1].result().await.expect("it completes"), 1);
    assert_eq!(jobs[2].result().await.expect("it completes"), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_when_all_of_its_jobs_have_left_it() {
    let (client, stage, told) = (client().await, Stage::default(), Count::default());
    let builder = stage.worker(&client).concurrency(1).handler(stays).state(told.clone());
    let running = Running::start(builder);
    let jobs = client.add_all(stays, 0..2).await.expect("added");
    at_once("the call", async || stage.seen.jobs() == 2).await;
    jobs[0].cancel().await.expect("told");
    at_once("its end", async || state(&jobs[0]).await == Some(JobState::Cancelled)).await;
    assert_eq!((told.get(), stage.dropped.get()), (0, 0), "one is left");
    jobs[1].cancel().await.expect("told");
    at_once("its end", async || state(&jobs[1]).await == Some(JobState::Cancelled)).await;
    assert_eq!(told.get(), 1);
    at_once("the call to be dropped", async || stage.dropped.get() == 1).await;
    // Its slot is free.
    client.add(stays, 2).await.expect("added");
    at_once("the next call", async || stage.seen.jobs() == 3).await;
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_starts_what_has_gathered() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).handler(gathers));
    let stops = queue(&client, "stops");
    let jobs = client.add_all(gathers, 0..3).await.expect("added");
    at_once("they wait", async || active(&stops).await == 3).await;
    running.handle.stop(20.seconds());
    at_once("the call", async || stage.seen.sizes() == [3]).await;
    stage.gate.add_permits(1);
    running.ended().await.expect("no error");
    for job in &jobs {
        assert_eq!(state(job).await, Some(JobState::Completed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_that_is_over_gives_the_jobs_back() {
    let (client, stage, told) = (client().await, Stage::default(), Count::default());
    let builder = stage.worker(&client).handler(stays).state(told.clone());
    let running = Running::start(builder);
    let jobs = client.add_all(stays, 0..2).await.expect("added");
    at_once("the call", async || stage.seen.jobs() == 2).await;
    running.stop_within(Duration::ZERO).await;
    assert_eq!((told.get(), stage.dropped.get()), (1, 1), "told, then dropped");
    for job in &jobs {
        let info = job.info().await.expect("it is there");
        assert_eq!((info.state, info.attempts_made), (JobState::Waiting, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_worker_that_died_run_elsewhere() {
    let (client, stage) = (client().await, Stage::default());
    let build = || stage.worker(&client).handler(gathers).lease(1.seconds());
    let dead = tokio::spawn(build().build().expect("a worker").run_until(pending()));
    // A batch that runs, and one that waits.
    client.add_all(gathers, 0..6).await.expect("added");
    let stops = queue(&client, "stops");
    at_once("both", async || stage.seen.sizes() == [4] && active(&stops).await == 6).await;
    dead.abort();
    let _ = dead.await;
    let running = Running::start(build());
    eventually("one batch elsewhere", async || stage.seen.sizes().len() == 2).await;
    client.add_all(gathers, 6..8).await.expect("added");
    eventually("both elsewhere", async || stage.seen.sizes() == [4, 4, 4]).await;
    stage.gate.add_permits(3);
    eventually("the end", async || {
        let counts = stops.counts().await.expect("counted");
        (counts.completed, counts.active) == (8, 0)
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_ends_batches_that_run_and_that_wait() {
    let (client, base) = client_and_base("stops").await;
    let (stage, other, told) = (Stage::default(), Stage::default(), Count::default());
    let build =
        |stage: &Stage| stage.worker(&client).handler(gathers).handler(stays).state(told.clone());
    let running = Running::start(build(&stage));
    client.add_all(gathers, 0..3).await.expect("added");
    client.add_all(stays, 10..12).await.expect("added");
    let stops = queue(&client, "stops");
    at_once("both", async || stage.seen.jobs() == 2 && active(&stops).await == 5).await;
    // As if it had stood still for longer than its lease.
    let mut redis = raw(shared::url()).await;
    let key = format!("{base}workers");
    let names = redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).to_owned();
    let names: Vec<String> = names.query_async(&mut redis).await.expect("names");
    let over = redis::cmd("ZADD").arg(&key).arg(1).arg(&names[0]).to_owned();
    let _: u8 = over.query_async(&mut redis).await.expect("set");
    let second = Running::start(build(&other));
    eventually("the other to have them", async || other.seen.jobs() == 2).await;
    eventually("the word", async || told.get() == 1).await;
    second.handle.stop(20.seconds());
    other.gate.add_permits(2);
    // It starts the batch that waits. The other call waits for its word.
    eventually("the batch", async || other.seen.all().contains(&vec![0, 1, 2])).await;
    assert_eq!(stage.seen.all(), [[10, 11]], "what waited there never started");
    second.handle.stop(Duration::ZERO);
    second.ended().await.expect("no error");
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_once_its_jobs_are_settled_before_the_call() {
    let (client, stage) = (client().await, Stage::default());
    let running = Running::start(stage.worker(&client).concurrency(1).handler(once));
    let stops = queue(&client, "stops");
    client.add_all(once, 0..8).await.expect("added");
    at_once("the call", async || stage.seen.sizes() == [4]).await;
    let left = async || {
        let counts = stops.counts().await.expect("counted");
        counts.waiting + counts.active
    };
    assert_eq!(left().await, 4, "they have left their queue, and others wait");
    stage.gate.add_permits(1);
    at_once("the other", async || stage.seen.sizes() == [4, 4]).await;
    stage.gate.add_permits(1);
    running.stop().await;
    assert_eq!(left().await, 0);
}

//! Ticks that cancel the last job.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobState, Outcome, Queue, State, job,
    schedule::{CatchUp, Every, Overlap},
};
use jobqueue_tests::wait::eventually;

use crate::support::{Count, Running, client, worker};

#[job(queue = "ticks", retain = all)]
async fn ends(_: (), ctx: Context, runs: State<Count>) -> Result<(), Failure> {
    runs.up();
    ctx.cancelled().await;
    Err(Failure::retry("told to stop"))
}

#[job(queue = "ticks", every = "300ms", overlap = cancel, cancel_grace = "50ms")]
async fn stubborn(_: (), runs: State<Count>) {
    runs.up();
    std::future::pending::<()>().await;
}

fn ticks(client: &Client) -> Queue {
    client.queue("ticks").expect("a good name")
}

/// Who cancelled the jobs that are kept as cancelled.
async fn cancelled(queue: &Queue) -> Vec<String> {
    let page = queue.jobs(JobState::Cancelled).page(0, 100).await.expect("a page");
    let by = |outcome| match outcome {
        Some(Outcome::Cancelled(reason)) => reason.by.expect("somebody"),
        other => panic!("{other:?}"),
    };
    page.into_iter().map(|info| by(info.outcome)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_cancels_the_run_of_the_one_before() {
    let (client, runs) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(ends).state(runs.clone()));
    let schedule = client.schedule("often", Every::new(400.millis()), ends, ());
    schedule.overlap(Overlap::Cancel).limit(3).await.expect("made");
    let queue = ticks(&client);
    eventually("all ticks but the last are cancelled", async || {
        cancelled(&queue).await.len() == 2 && runs.get() == 3
    })
    .await;
    assert_eq!(cancelled(&queue).await, ["schedule often", "schedule often"]);
    let active = queue.jobs(JobState::Active).page(0, 9).await.expect("a page");
    let info = queue.schedules().get("often").await.expect("read").expect("it is kept");
    assert_eq!(active.len(), 1);
    assert_eq!(info.last_job.as_ref(), Some(&active[0].id), "the newest goes on");
    assert_eq!((info.fired, info.left_out), (3, 0));
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_end_is_aborted_after_its_grace() {
    let (client, runs) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(stubborn).state(runs.clone()));
    let queue = ticks(&client);
    eventually("three of them ran", async || cancelled(&queue).await.len() >= 2 && runs.get() >= 3)
        .await;
    queue.schedules().remove("stubborn").await.expect("removed");
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_gives_its_place_to_the_newest() {
    let client = client().await;
    let queue = ticks(&client);
    queue.create().await.expect("there");
    queue.pause().await.expect("paused");
    queue.set_limits().max_length(1).await.expect("set");
    let running = Running::start(worker(&client).handler(ends).state(Count::default()));
    let schedule = client.schedule("often", Every::new(100.millis()), ends, ());
    let made = schedule.overlap(Overlap::Cancel).catch_up(CatchUp::Within(1.hours())).limit(4);
    made.await.expect("made");
    eventually("it is over", async || {
        let info = queue.schedules().get("often").await.expect("read").expect("it is there");
        info.next.is_none()
    })
    .await;
    let counts = queue.counts().await.expect("counts");
    let info = queue.schedules().get("often").await.expect("read").expect("it is there");
    assert_eq!((counts.waiting, counts.cancelled, info.fired), (1, 3, 4), "in a queue of one");
    let waiting = queue.jobs(JobState::Waiting).ids(0, 9).await.expect("ids");
    assert_eq!(info.last_job.as_ref(), waiting.first());
    running.stop().await;
}

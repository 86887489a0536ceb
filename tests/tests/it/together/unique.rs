//! Unique keys together with other features.

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobHandle, JobState, Queue, State, Unique,
    error::FailureReason, job, manage::Overflow, testing::TestQueue, unique::Added,
};
use jobqueue_tests::wait::at_once;

use crate::support::{Count, Running, client, worker};

#[job(queue = "docs")]
async fn index(n: u32, ctx: Context) -> Result<u32, Failure> {
    // Only the first of them naps.
    if n == 1 { Err(Failure::snooze(1.hours(), format!("{}", ctx.snoozes()))) } else { Ok(n) }
}

#[job(queue = "docs", at_most_once)]
async fn once(_: u32, ctx: Context, runs: State<Count>) {
    runs.up();
    ctx.cancelled().await;
}

fn docs(client: &Client) -> Queue {
    client.queue("docs").expect("a good name")
}

async fn delayed<T>(job: &JobHandle<T>) {
    at_once("it comes back", async || job.state().await.expect("asked") == Some(JobState::Delayed))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snoozed_job_keeps_its_key_and_is_replaced() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(index));
    let key = || Unique::by("k").keep_last();
    let first = client.add(index, 1).unique(key()).await.expect("added");
    delayed(&first).await;
    assert_eq!(first.info().await.expect("there").snoozes, 1);
    let kept = client.add(index, 2).unique("k").await.expect("asked");
    assert_eq!(kept.added(), &Added::Existed);
    let second = client.add(index, 3).unique(key()).await.expect("asked");
    assert_eq!((second.added(), second.id()), (&Added::Replaced, first.id()));
    assert_eq!(first.info().await.expect("there").snoozes, 0, "what is replaced begins anew");
    first.promote().await.expect("now");
    assert_eq!(first.result().await.expect("run"), 3);
    let after = client.add(index, 4).unique(key()).await.expect("asked");
    assert_eq!(after.added(), &Added::New);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_runs_at_most_once_frees_its_key_when_it_begins() {
    let (client, runs) = (client().await, Count::default());
    let first = client.add(once, 1).unique("k").await.expect("added");
    assert!(client.add(once, 2).unique("k").await.expect("asked").existed(), "it waits");
    let running = Running::start(worker(&client).handler(once).state(runs.clone()));
    at_once("it runs", async || runs.get() == 1).await;
    let second = client.add(once, 2).unique("k").await.expect("asked");
    assert_eq!(second.added(), &Added::New);
    assert_ne!(second.id(), first.id());
    running.stop_within(std::time::Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_no_worker_knows_is_replaced_and_then_known() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(index));
    let key = || Unique::by("k").replace();
    let newer = docs(&client).add("index", &9).version(7).unique(key()).await.expect("added");
    delayed(&newer).await;
    let known = client.add(index, 5).unique(key()).await.expect("asked");
    assert_eq!(known.added(), &Added::Replaced);
    known.promote().await.expect("now");
    assert_eq!(known.result().await.expect("run"), 5);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_out_by_hand_has_its_key_until_it_is_acknowledged() {
    let client = client().await;
    let queue = docs(&client);
    let first = client.add(index, 2).unique("k").await.expect("added");
    let delivery = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
    let after = client.add(index, 3).unique(Unique::by("k").keep_last()).await.expect("asked");
    assert_eq!(after.added(), &Added::After(first.id().clone()));
    assert!(queue.receive(1, 100.millis()).await.expect("asked").is_empty(), "it stands in line");
    delivery.fail(Failure::snooze(1.millis(), "not yet")).await.expect("settled");
    let again = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
    assert_eq!(again.id(), first.id(), "a snooze is no end");
    again.complete().await.expect("settled");
    let last = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
    assert_eq!(last.id(), after.id());
    last.complete().await.expect("settled");
}

#[tokio::test]
async fn what_an_overflow_drops_frees_its_key() {
    let client = client().await;
    docs(&client).set_limits().max_length(1).overflow(Overflow::DropOldest).await.expect("set");
    let a = client.add(index, 2).unique("a").await.expect("added");
    client.add(index, 3).unique("b").await.expect("added");
    assert_eq!(a.state().await.expect("asked"), None, "it was dropped");
    let again = client.add(index, 4).unique("a").await.expect("added");
    assert_eq!(again.added(), &Added::New);
    let same = client.add(index, 5).unique("a").await.expect("asked");
    assert!(same.existed(), "one that isn't added needs no room");
}

#[jobqueue::test]
async fn one_that_expires_frees_its_key_and_lets_the_next_go(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(index);
    let queue = docs(app.client());
    queue.pause().await?;
    let first = app.client().add(index, 2).unique("k").ttl(1.hours()).await?;
    app.advance(30.minutes()).await?;
    assert!(app.client().add(index, 3).unique("k").await?.existed());
    app.advance(45.minutes()).await?;
    let failed = first.info().await?.outcome;
    assert!(
        matches!(failed, Some(jobqueue::Outcome::Failed(it)) if it.reason == FailureReason::Expired)
    );
    assert_eq!(app.client().add(index, 4).unique("k").await?.added(), &Added::New);
    Ok(())
}

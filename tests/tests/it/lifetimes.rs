//! Times that end a job: its deadline, and for how long it is tried again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use jobqueue::{
    Client, Context, DurationExt, Failure, JobError, JobState, State, Unique,
    dead_letter::DeadLetters,
    error::{FailureReason, JobFailure, ResultError},
    job,
    retry::Verdict,
};
use jobqueue_tests::wait::at_once;
use tokio::time::sleep;

use crate::support::{Running, client, worker};

#[derive(Clone, Default)]
struct Runs(Arc<AtomicU32>);

impl Runs {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs for so many ms, and fails.
#[job(queue = "lives", attempts = 100, backoff = fixed("50ms"), dead_letter = "lives-dlq")]
async fn fails(ms: u64, ctx: Context, runs: State<Runs>) -> Result<(), Failure> {
    runs.0.0.fetch_add(1, Ordering::Relaxed);
    tokio::select! {
        () = sleep(Duration::from_millis(ms)) => {}
        () = ctx.cancelled() => {}
    }
    Err(Failure::retry("not yet"))
}

#[job(queue = "lives", deadline = "300ms", backoff = fixed("50ms"))]
async fn declared(ms: u64) -> Result<(), Failure> {
    sleep(Duration::from_millis(ms)).await;
    Err(Failure::retry("not yet"))
}

#[job(queue = "lives")]
async fn sleeps(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}

#[job(queue = "lives", retry_for = "300ms", backoff = fixed("50ms"))]
async fn tried(_: ()) -> Result<(), Failure> {
    Err(Failure::retry("not yet"))
}

#[job(queue = "lives", attempts = 3)]
async fn snoozes(_: (), runs: State<Runs>) -> Result<u32, Failure> {
    match runs.0.0.fetch_add(1, Ordering::Relaxed) {
        4 => Ok(4),
        _ => Err(Failure::snooze(Duration::from_millis(30), "not yet")),
    }
}

#[derive(Debug, thiserror::Error, JobError)]
enum Nap {
    #[error("not yet")]
    #[job(snooze = "1ms")]
    NotYet,
    #[error("not today")]
    #[job(snooze)]
    Later,
    #[error("not before {after:?}")]
    #[job(snooze = after)]
    After { after: Duration },
    #[error("no")]
    Failed,
}

/// Naps so often. With a hundred more, it fails once meanwhile.
#[job(queue = "lives", snoozes = 3, attempts = 3, backoff = fixed("1ms"), dead_letter = "lives-dlq")]
async fn naps(most: u32, ctx: Context) -> Result<u32, Nap> {
    match (most, ctx.snoozes(), ctx.attempt()) {
        (100.., 1, 1) => Err(Nap::Failed),
        (_, naps, _) if naps >= most % 100 => Ok(most),
        _ => Err(Nap::NotYet),
    }
}

fn start(client: &Client, runs: &Runs) -> Running {
    let worker = worker(client).handler(fails).handler(declared).handler(tried).handler(snoozes);
    let worker = worker.handler(naps).handler(sleeps);
    Running::start(worker.state(runs.clone()))
}

async fn failure<T: serde::de::DeserializeOwned + std::fmt::Debug>(
    job: &jobqueue::JobHandle<T>,
) -> JobFailure {
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => failure,
        other => panic!("it should have failed: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_retry_is_planned_beyond_the_deadline() {
    let (client, runs) = (client().await, Runs::default());
    let running = start(&client, &runs);
    let job = client.add(fails, 1).deadline_in(1.seconds()).await.expect("added");
    let failure = failure(&job).await;
    // It may also pass during a run.
    assert_eq!(failure.reason, FailureReason::Deadline);
    let attempts = runs.count();
    assert!((2..=20).contains(&attempts), "{attempts} attempts of 50 ms in a second");
    assert_eq!(failure.attempt, attempts);
    let info = job.info().await.expect("it is there");
    assert_eq!((info.state, info.attempts_made), (JobState::Failed, attempts));
    // It has a dead letter, as any that failed for good.
    let dead: DeadLetters = client.dead_letters("lives-dlq").expect("a name");
    dead.wait_for(1).await.expect("its letter");
    running.stop().await;
}

/// Not from when it was added.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_counts_from_when_a_job_is_due() {
    let (client, runs) = (client().await, Runs::default());
    let alone = || Unique::by("k").keep_last();
    let before = client.add(sleeps, 900).unique(alone()).await.expect("added");
    let running = start(&client, &runs);
    at_once("it runs", async || before.state().await.expect("a state") == Some(JobState::Active))
        .await;
    let after = client.add(sleeps, 1).unique(alone()).deadline_in(400.millis());
    let after = after.await.expect("added");
    assert_eq!(after.state().await.expect("a state"), Some(JobState::Delayed), "it runs after it");
    after.result().await.expect("in time, since it was due just now");

    let put_off = client.add(sleeps, 1).delay(1.hours()).deadline_in(400.millis());
    let put_off = put_off.await.expect("added");
    put_off.set_delay(700.millis()).await.expect("put off");
    put_off.result().await.expect("in time");

    let again = client.add(declared, 60_000).await.expect("added");
    for _ in 0..2 {
        let failure = failure(&again).await;
        assert_eq!((failure.reason, failure.attempt), (FailureReason::Deadline, 1));
        again.retry().await.expect("it runs again");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_aborted_at_the_deadline() {
    let (client, runs) = (client().await, Runs::default());
    let running = start(&client, &runs);
    let began = std::time::Instant::now();
    let job = client.add(fails, 60_000).deadline_in(200.millis()).timeout(1.hours());
    let failure = failure(&job.await.expect("added")).await;
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Deadline, 1));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(runs.count(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_too_long_does_not_run() {
    let (client, runs) = (client().await, Runs::default());
    let jobs = [
        client.add(fails, 1).deadline_in(1.millis()).await.expect("added"),
        client
            .add(fails, 1)
            .deadline("2020-01-01T00:00:00Z".parse().expect("a time"))
            .await
            .expect("added"),
        client.add(fails, 1).delay(20.millis()).deadline_in(1.millis()).await.expect("added"),
    ];
    sleep(Duration::from_millis(50)).await;
    let running = start(&client, &runs);
    for job in &jobs {
        let failure = failure(job).await;
        assert_eq!((failure.reason, failure.attempt), (FailureReason::Deadline, 0));
        assert_eq!(job.info().await.expect("there").attempts_made, 0);
    }
    assert_eq!(runs.count(), 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_declares_its_times() {
    let (client, runs) = (client().await, Runs::default());
    let running = start(&client, &runs);
    let deadline = client.add(declared, 60_000).await.expect("added");
    let retries = client.add(tried, ()).await.expect("added");
    assert_eq!(failure(&deadline).await.reason, FailureReason::Deadline);
    let failure = failure(&retries).await;
    assert_eq!((failure.reason, &*failure.message), (FailureReason::RetriesOver, "not yet"));
    assert!(failure.attempt >= 2, "attempts aren't the limit: {failure}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_and_times_are_both_limits() {
    let (client, runs) = (client().await, Runs::default());
    let running = start(&client, &runs);
    let job = client.add(fails, 1).attempts(2).retry_for(1.hours()).deadline_in(1.hours());
    let failure = failure(&job.await.expect("added")).await;
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Error, 2));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_received_by_hand_has_its_deadline() {
    let client = client().await;
    let lives = client.queue("lives").expect("a name");
    let late = client.add(fails, 1).deadline_in(1.millis()).await.expect("added");
    let job = client.add(fails, 2).deadline_in(1.hours()).await.expect("added");
    let delivery = lives.receive(1, 1.seconds()).await.expect("asked").pop().expect("a job");
    assert_eq!(delivery.id(), job.id(), "the other is too late");
    delivery.complete().await.expect("settled");
    assert_eq!(failure(&late).await.reason, FailureReason::Deadline);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_costs_no_attempt() {
    let (client, runs) = (client().await, Runs::default());
    let running = start(&client, &runs);
    let job = client.add(snoozes, ()).await.expect("added");
    assert_eq!(job.result().await.expect("run"), 4);
    assert_eq!(job.info().await.expect("there").attempts_made, 0);
    at_once("five runs", async || runs.count() == 5).await;
    running.stop().await;
}

#[test]
fn an_error_says_for_how_long() {
    let after = Duration::from_secs(7);
    assert_eq!(Nap::After { after }.verdict(), Verdict::Snooze(after));
    assert_eq!(Nap::Later.verdict(), Verdict::Snooze(Duration::from_secs(60)));
    assert_eq!(Failure::of(Nap::NotYet).verdict(), Verdict::Snooze(Duration::from_millis(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn snoozes_are_bounded_and_counted_over_all_attempts() {
    let (client, runs) = (client().await, Runs::default());
    let running = start(&client, &runs);
    let job = client.add(naps, 5).await.expect("added");
    let failure = failure(&job).await;
    assert_eq!((failure.reason, &*failure.message), (FailureReason::SnoozesOver, "not yet"));
    let info = job.info().await.expect("there");
    assert_eq!((info.snoozes, info.attempts_made, info.errors.len()), (3, 1, 1));
    let letters = client.dead_letters("lives-dlq").expect("a name");
    at_once("its dead letter", async || letters.count().await.expect("counted") == 1).await;

    // A bound of its own; and a failed attempt between two snoozes takes nothing away.
    let job = client.add(naps, 5).snoozes(5).await.expect("added");
    assert_eq!(job.result().await.expect("run"), 5, "the context counts");
    let info = job.info().await.expect("there");
    assert_eq!((info.snoozes, info.attempts_made), (5, 0));
    let job = client.add(naps, 102).await.expect("added");
    assert_eq!(job.result().await.expect("run"), 102);
    let info = job.info().await.expect("there");
    assert_eq!((info.snoozes, info.attempts_made, info.errors.len()), (2, 1, 1));
    let none = client.add(naps, 1).snoozes(0).await.expect("added");
    assert_eq!(self::failure(&none).await.reason, FailureReason::SnoozesOver);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_received_by_hand_is_snoozed() {
    let client = client().await;
    let lives = client.queue("lives").expect("a name");
    let job = client.add(fails, 1).snoozes(2).await.expect("added");
    for snoozes in 0..3 {
        let delivery = lives.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
        assert_eq!((delivery.snoozes(), delivery.attempt()), (snoozes, 1));
        delivery.fail(Failure::snooze(1.millis(), "not yet")).await.expect("settled");
    }
    assert_eq!(failure(&job).await.reason, FailureReason::SnoozesOver);
}

#[tokio::test]
async fn times_of_zero_are_refused() {
    let client = client().await;
    let refused = client.add(fails, 1).deadline_in(Duration::ZERO).await.map(|_| ());
    assert!(refused.expect_err("refused").to_string().contains("deadline"));
    let refused = client.add(fails, 1).retry_for(Duration::ZERO).await.map(|_| ());
    assert!(refused.expect_err("refused").to_string().contains("retry_for"));
}

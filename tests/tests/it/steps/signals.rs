//! Signals: early and late, in their order, by any process.

use std::time::Duration;

use jobqueue::{
    Context, DurationExt, Error, Failure, JobState,
    error::Refused,
    error::ResultError,
    job,
    steps::{Signalled, StepError},
};
use jobqueue_tests::wait::at_once;

use super::{is, left};
use crate::support::{Running, client, client_and_base, worker};

#[job(queue = "orders", attempts = 1, steps)]
async fn ship(ms: u64, ctx: Context) -> Result<Vec<String>, Failure> {
    let time = Duration::from_millis(ms);
    let first = ctx.wait_for::<String>("sent", time).await?;
    let second: Option<String> = ctx.wait_for("sent", time).optional().await?;
    Ok([Some(first), second].into_iter().flatten().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_wait_and_is_taken_once() {
    let (client, base) = client_and_base("orders").await;
    let running = Running::start(worker(&client).handler(ship));
    let job = client.add(ship, 3_600_000).await.expect("added");
    is(&job, JobState::Delayed).await;
    assert_eq!(client.signal(&job, "other", "x").await.expect("sent"), Signalled::Kept);
    assert_eq!(job.signal("sent", "a").await.expect("sent"), Signalled::Woke);
    let waits = async || job.state().await.expect("an answer") == Some(JobState::Delayed);
    at_once("the second wait", waits).await;
    assert_eq!(job.signal("sent", "b").await.expect("sent"), Signalled::Woke);
    assert_eq!(job.result().await.expect("it completes"), ["a", "b"]);
    let late = job.signal("sent", "c").await.expect_err("it has ended");
    assert!(matches!(late, Error::Refused(Refused::WrongState { .. })), "{late}");
    job.remove().await.expect("removed");
    let late = job.signal("sent", "c").await.expect_err("it is gone");
    assert!(matches!(late, Error::Refused(Refused::NotFound { .. })), "{late}");
    assert!(left(&base).is_empty(), "{:?}", left(&base));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_that_come_early_are_kept_in_their_order() {
    let client = client().await;
    let job = client.add(ship, 3_600_000).await.expect("added");
    for text in ["a", "b", "c"] {
        assert_eq!(job.signal("sent", text).await.expect("sent"), Signalled::Kept);
    }
    let running = Running::start(worker(&client).handler(ship));
    assert_eq!(job.result().await.expect("it completes"), ["a", "b"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_signals_are_kept_than_a_hundred() {
    let client = client().await;
    let job = client.add(ship, 0).await.expect("added");
    for n in 0..100 {
        job.signal(["one", "two"][n % 2], &n).await.expect("there is room");
    }
    let full = job.signal("sent", &1).await.expect_err("there is no room");
    assert!(matches!(full, Error::Refused(Refused::SignalsFull { most: 100, .. })), "{full}");
    for name in ["", "a\nb", &"x".repeat(129)] {
        assert!(matches!(job.signal(name, &1).await, Err(Error::Invalid(_))), "{name:?}");
    }
    let large = job.signal("sent", &"x".repeat(1 << 16)).await.expect_err("it is too large");
    assert!(matches!(large, Error::Payload(_)), "{large}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_over_fails_the_job_unless_the_handler_goes_on() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship));
    let job = client.add(ship, 30).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    assert_eq!(failure.message, "the wait is over");
    assert_eq!(failure.causes, ["the signal \"sent\" has not come"]);
    // What has come of it is recorded.
    job.retry().await.expect("it has ended");
    assert!(job.result().await.is_err());
    job.retry().anew().await.expect("it has ended");
    job.signal("sent", "a").await.ok();
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn either((): (), ctx: Context) -> Result<String, StepError> {
    let (paid, gone) =
        (ctx.wait_for::<u8>("paid", 1.hours()), ctx.wait_for::<u8>("gone", 2.hours()));
    tokio::select! {
        paid = paid => paid.map(|_| "paid".to_owned()),
        gone = gone => gone.map(|_| "gone".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_signals_ends_the_wait_for_both() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(either));
    for name in ["paid", "gone"] {
        let job = client.add(either, ()).await.expect("added");
        is(&job, JobState::Delayed).await;
        assert_eq!(job.signal(name, &1).await.expect("sent"), Signalled::Woke);
        assert_eq!(job.result().await.expect("it completes"), name);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_type_is_an_error_that_says_so() {
    let client = client().await;
    let job = client.add(ship, 3_600_000).await.expect("added");
    job.signal("sent", &7).await.expect("sent");
    let running = Running::start(worker(&client).handler(ship));
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    let text = failure.to_string();
    assert!(text.contains("value of the signal \"sent\""), "{text}");
    running.stop().await;
}

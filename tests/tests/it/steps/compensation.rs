//! What is undone when a job fails for good.

use std::time::Duration;

use jobqueue::{
    Context, Failure, JobHandle, State,
    error::{FailureReason, JobFailure, ResultError},
    job,
    steps::StepError,
};
use jobqueue_tests::wait::eventually;
use serde::{Deserialize, Serialize};

use super::Effects;
use crate::support::{Running, client, worker};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Wrong {
    Step,
    Compensation,
    /// The process dies in the first compensation.
    Crash,
    Deadline,
}

#[job(queue = "orders", attempts = 2, backoff = fixed("10ms"), steps)]
async fn fulfil(wrong: Wrong, ctx: Context, effects: State<Effects>) -> Result<(), Failure> {
    let charged = ctx.step("charge", async || Ok::<_, Failure>(effects.happen("charge"))).await?;
    let theirs = effects.0.clone();
    ctx.on_failure("refund", move || {
        assert_eq!(charged, 1);
        let theirs = theirs.clone();
        async move {
            theirs.happen("refund");
            Ok::<_, Failure>(())
        }
    })?;
    ctx.step("reserve", async || Ok::<_, Failure>(effects.happen("reserve"))).await?;
    let theirs = effects.0.clone();
    ctx.on_failure("release", move || {
        let theirs = theirs.clone();
        async move {
            let times = theirs.happen("release");
            assert_eq!(theirs.of("refund"), 0, "they run in reverse");
            match wrong {
                Wrong::Compensation => panic!("the shelf is gone"),
                Wrong::Crash if times == 1 => std::future::pending().await,
                _ => Ok::<_, Failure>(()),
            }
        }
    })?;
    if wrong == Wrong::Deadline {
        ctx.wait_for::<()>("sent", Duration::from_secs(3_600)).await?;
    }
    ctx.step("send", async || {
        effects.happen("send");
        Err::<(), _>(Failure::retry("no parcel fits"))
    })
    .await
}

async fn failure<T: serde::de::DeserializeOwned>(job: &JobHandle<T>) -> JobFailure {
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    failure
}

const EFFECTS: [&str; 5] = ["charge", "reserve", "send", "release", "refund"];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_undone_in_reverse_and_a_retry_begins_anew() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let job = client.add(fulfil, Wrong::Step).await.expect("added");
    let failure = failure(&job).await;
    assert_eq!((failure.message.as_str(), failure.attempt), ("no parcel fits", 2));
    assert_eq!(EFFECTS.map(|name| effects.of(name)), [1, 1, 2, 1, 1]);
    job.retry().await.expect("it has ended");
    eventually("the second charge", async || effects.of("charge") == 2).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_that_fails_for_good_is_reported_and_the_others_run() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let job = client.add(fulfil, Wrong::Compensation).await.expect("added");
    let failure = failure(&job).await;
    assert_eq!(failure.message, "no parcel fits");
    assert_eq!(failure.causes, ["compensation \"release\" failed: the shelf is gone"]);
    assert_eq!(EFFECTS.map(|name| effects.of(name)), [1, 1, 2, 1, 1]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_off_is_followed_by_one_that_undoes_the_rest() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let job = client.add(fulfil, Wrong::Crash).await.expect("added");
    eventually("the first compensation", async || effects.of("release") == 1).await;
    running.stop_within(Duration::ZERO).await;
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let failure = failure(&job).await;
    assert_eq!((failure.message.as_str(), failure.attempt), ("no parcel fits", 2));
    assert_eq!(EFFECTS.map(|name| effects.of(name)), [1, 1, 2, 2, 1]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_deadline_passes_while_it_waits_is_undone() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let time = Duration::from_millis(400);
    let job = client.add(fulfil, Wrong::Deadline).deadline_in(time).await.expect("added");
    assert_eq!(failure(&job).await.reason, FailureReason::Deadline);
    assert_eq!(EFFECTS.map(|name| effects.of(name)), [1, 1, 0, 1, 1]);
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn patient((): (), ctx: Context, effects: State<Effects>) -> Result<(), StepError> {
    ctx.step("charge", async || Ok::<_, StepError>(effects.happen("charge"))).await?;
    let theirs = effects.0.clone();
    ctx.on_failure("refund", move || {
        let theirs = theirs.clone();
        async move {
            match theirs.happen("refund") {
                3 => Ok(()),
                n => Err(Failure::retry(n)),
            }
        }
    })?;
    ctx.wait_for::<()>("sent", Duration::ZERO).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_is_tried_again_and_waits_without_a_slot() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(patient).state(effects.clone()));
    let job = client.add(patient, ()).await.expect("added");
    let failure = failure(&job).await;
    assert_eq!(failure.message, "the wait is over");
    assert_eq!((effects.of("charge"), effects.of("refund")), (1, 3));
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, timeout = "200ms", steps)]
async fn slow_to_undo(_: (), ctx: Context, effects: State<Effects>) -> Result<(), Failure> {
    let theirs = effects.0.clone();
    ctx.on_failure("undo", move || {
        theirs.happen("undo");
        std::future::pending::<Result<(), Failure>>()
    })?;
    Err(Failure::permanent("no stock"))
}

/// Its attempts are counted as they begin.
#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_that_never_ends_is_given_up() {
    let (client, effects) = (client().await, Effects::default());
    let running = Running::start(worker(&client).handler(slow_to_undo).state(effects.clone()));
    let job = client.add(slow_to_undo, ()).await.expect("added");
    let failure = failed(&job).await;
    assert!(failure.causes.iter().any(|cause| cause.contains("begun 10 times")), "{failure:?}");
    assert_eq!(effects.of("undo"), 10);
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn numbered(_: (), ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    ctx.step("charge", async || Ok::<_, Failure>(effects.happen("charge"))).await?;
    let theirs = effects.0.clone();
    ctx.on_failure("refund", move || {
        theirs.happen("refund");
        std::future::ready(Ok::<_, Failure>(()))
    })?;
    Ok(ctx.wait_for::<u32>("number", Duration::from_secs(60)).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_cannot_be_read_is_no_change_of_the_steps() {
    let (client, effects) = (client().await, Effects::default());
    let running = Running::start(worker(&client).handler(numbered).state(effects.clone()));
    let job = client.add(numbered, ()).await.expect("added");
    job.signal("number", "many").await.expect("sent");
    let failure = failed(&job).await;
    let text = format!("{}: {}", failure.message, failure.causes.join(": "));
    assert!(text.contains("value of the signal \"number\""), "{text}");
    assert!(!text.contains("steps have changed"), "{text}");
    assert_eq!((effects.of("charge"), effects.of("refund")), (1, 1));
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn full(_: (), ctx: Context, effects: State<Effects>) -> Result<(), Failure> {
    let theirs = effects.0.clone();
    ctx.on_failure("undo", move || {
        let times = theirs.happen("undo");
        let end = if times == 1 { Err(Failure::retry("again")) } else { Ok(()) };
        std::future::ready(end)
    })?;
    for n in 0..1_001_u32 {
        ctx.step("part", async || Ok::<_, Failure>(n)).await?;
    }
    Ok(())
}

/// What undoes has room of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_has_recorded_all_it_may_is_undone() {
    let (client, effects) = (client().await, Effects::default());
    let running = Running::start(worker(&client).handler(full).state(effects.clone()));
    let job = client.add(full, ()).await.expect("added");
    let failure = failed(&job).await;
    assert!(!failure.causes.iter().any(|cause| cause.contains("undo")), "{failure:?}");
    assert_eq!(effects.of("undo"), 2);
    running.stop().await;
}

async fn failed<T: serde::de::DeserializeOwned>(job: &JobHandle<T>) -> JobFailure {
    let end = tokio::time::timeout(Duration::from_secs(60), job.result()).await.expect("it ends");
    match end {
        Err(ResultError::Failed { failure, .. }) => failure,
        Ok(_) => panic!("it has completed"),
        Err(other) => panic!("{other}"),
    }
}

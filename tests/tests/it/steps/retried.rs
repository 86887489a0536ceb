//! Steps that fail, and jobs that are tried again.

use std::time::Duration;

use jobqueue::{
    Backoff, Context, DurationExt as _, Failure, JobState, State, error::FailureReason,
    error::ResultError, job, steps::StepError,
};

use super::{Effects, is};
use crate::support::{Running, client, worker};

#[derive(Debug, thiserror::Error, jobqueue::JobError)]
enum Trouble {
    #[error("the gateway is busy")]
    Busy,
    #[error(transparent)]
    Step(#[from] StepError),
}

#[job(queue = "orders", attempts = 3, backoff = fixed("10ms"), steps)]
async fn charge((): (), ctx: Context, effects: State<Effects>) -> Result<u32, Trouble> {
    let first = ctx.step("first", async || Ok::<_, Trouble>(effects.happen("first"))).await?;
    ctx.step("second", async || match effects.happen("second") {
        3 => Ok(first),
        _ => Err(Trouble::Busy),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_goes_on_behind_the_steps_of_those_before() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(charge).state(effects.clone()));
    let job = client.add(charge, ()).await.expect("added");
    assert_eq!(job.result().await.expect("it completes"), 1);
    assert_eq!((effects.of("first"), effects.of("second")), (1, 3));
    assert_eq!(job.info().await.expect("known").attempts_made, 2);
    // Done again by hand, it has done all; anew, it does all again.
    job.retry().await.expect("it has ended");
    assert_eq!(job.result().await.expect("it completes"), 1);
    is(&job, JobState::Completed).await;
    assert_eq!((effects.of("first"), effects.of("second")), (1, 3));
    job.retry().anew().await.expect("it has ended");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    assert_eq!(failure.message, "the gateway is busy");
    assert_eq!((effects.of("first"), effects.of("second")), (2, 6));
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn patient(wait_ms: u64, ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    effects.happen("run");
    ctx.step("call", async || match effects.happen("call") {
        3 => Ok(3),
        n => Err(Failure::retry(n)),
    })
    .attempts(3)
    .backoff(Backoff::fixed(Duration::from_millis(wait_ms)))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_has_attempts_of_its_own_and_a_long_wait_holds_no_slot() {
    let client = client().await;
    for (wait, runs) in [(20, 1), (1_100, 3)] {
        let effects = Effects::default();
        let running = Running::start(worker(&client).handler(patient).state(effects.clone()));
        let job = client.add(patient, wait).await.expect("added");
        assert_eq!(job.result().await.expect("it completes"), 3);
        assert_eq!((effects.of("call"), effects.of("run")), (3, runs), "{wait}");
        assert_eq!(job.info().await.expect("known").attempts_made, 0);
        running.stop().await;
    }
}

#[job(queue = "orders", attempts = 2, backoff = fixed("10ms"), steps)]
async fn slow((): (), ctx: Context, effects: State<Effects>) -> Result<(), Failure> {
    ctx.step("slow", async || {
        effects.happen("slow");
        std::future::pending::<Result<(), Failure>>().await
    })
    .attempts(2)
    .backoff(Backoff::fixed(Duration::from_millis(10)))
    .timeout(Duration::from_millis(20))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_too_long_is_tried_again_and_each_attempt_of_the_job_tries_anew() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(slow).state(effects.clone()));
    let job = client.add(slow, ()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    assert_eq!(failure.message, "step \"slow\" took longer than 20ms");
    assert_eq!(effects.of("slow"), 4);
    running.stop().await;
}

#[job(queue = "orders", attempts = 3)]
async fn undeclared((): (), ctx: Context) -> Result<(), Failure> {
    ctx.step("a", async || Ok::<_, Failure>(())).await
}

#[job(queue = "orders", attempts = 3, steps)]
async fn greedy(count: usize, ctx: Context) -> Result<(), Failure> {
    for n in 0..count {
        ctx.step(format!("step {n}"), async || Ok::<_, Failure>("x".repeat(5_000))).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_a_clear_error() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(undeclared).handler(greedy));
    let job = client.add(undeclared, ()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    let text = failure.to_string();
    assert!(text.contains("#[job(steps)]"), "{text}");
    assert_eq!(failure.reason, FailureReason::Permanent);
    let job = client.add(greedy, 900).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    let text = failure.to_string();
    assert!(text.contains("4 MiB"), "{text}");
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn pay(_: (), ctx: Context, effects: State<Effects>) -> Result<String, Failure> {
    let card = ctx.step("card", async || match effects.happen("card") {
        1 | 2 => Err(Failure::retry("the card is refused")),
        _ => Ok("receipt".to_owned()),
    });
    let paid = match card.attempts(2).backoff(Backoff::fixed(10.millis())).settled().await? {
        Ok(receipt) => receipt,
        Err(refused) => {
            effects.happen(refused.to_string());
            ctx.step("invoice", async || Ok::<_, Failure>("invoice".to_owned())).await?
        }
    };
    ctx.sleep(Duration::from_millis(1_050)).await?;
    let theirs = effects.0.clone();
    ctx.on_failure("undo", move || {
        let times = theirs.happen("undo");
        std::future::ready(if times == 1 { Err(Failure::retry("later")) } else { Ok(()) })
    })?;
    Err(Failure::permanent(paid))
}

/// Else the second run would try the card again, and come to other parts.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_asked_for_as_a_value_is_recorded() {
    let (client, effects) = (client().await, Effects::default());
    let running = Running::start(worker(&client).handler(pay).state(effects.clone()));
    let job = client.add(pay, ()).await.expect("added");
    let failure = job.result().await.expect_err("it fails in the end");
    let failure = crate::support::whole(&failure);
    assert!(failure.contains("invoice"), "{failure}");
    assert_eq!((effects.of("card"), effects.of("undo")), (2, 2));
    assert!(effects.of("the card is refused") >= 2, "each run gets it");
    running.stop().await;
}

//! Sleeps: without a slot, over restarts, cut short by hand.

use std::time::Duration;

use jobqueue::{Context, DurationExt, Failure, JobState, State, error::ResultError, job};
use jobqueue_tests::wait::{at_once, eventually};

use super::{Effects, is, left};
use crate::support::{Running, client, client_and_base, worker};

#[job(queue = "orders", attempts = 1, steps)]
async fn fulfil(ms: u64, ctx: Context, effects: State<Effects>) -> Result<String, Failure> {
    effects.happen("run");
    let receipt = ctx
        .step("charge", async || Ok::<_, Failure>(format!("receipt {}", effects.happen("charge"))))
        .await?;
    ctx.sleep(Duration::from_millis(ms)).await?;
    ctx.step("mail", async || {
        effects.happen("mail");
        Ok::<_, Failure>(())
    })
    .await?;
    Ok(receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_sleeps_holds_no_slot_and_goes_on_with_what_is_recorded() {
    let (client, base) = client_and_base("orders").await;
    let effects = Effects::default();
    let builder = worker(&client).concurrency(1).handler(fulfil).state(effects.clone());
    let running = Running::start(builder);
    let long = client.add(fulfil, 3_600_000).await.expect("added");
    is(&long, JobState::Delayed).await;
    let info = long.info().await.expect("known");
    assert_eq!((info.attempts_made, info.snoozes), (0, 0));
    let steps = long.steps().await.expect("known");
    let parts: Vec<_> = steps.parts.iter().map(|part| (part.kind, part.name.as_str())).collect();
    assert_eq!(parts, [("step", "charge"), ("sleep", "")]);
    assert_eq!(steps.waits.expect("it sleeps").until, info.due_at.expect("it is delayed"));
    // It has the only slot no more.
    let short = client.add(fulfil, 1_500).await.expect("added");
    assert_eq!(short.result().await.expect("it completes"), "receipt 2");
    running.stop().await;

    // Restarts of workers don't lengthen it, and an operator ends it.
    let builder = worker(&client).concurrency(1).handler(fulfil).state(effects.clone());
    let running = Running::start(builder);
    long.promote().await.expect("it is delayed");
    assert_eq!(long.result().await.expect("it completes"), "receipt 1");
    assert_eq!((effects.of("run"), effects.of("charge"), effects.of("mail")), (4, 2, 2));
    let counts = client.queue("orders").expect("a name").counts().await.expect("an answer");
    assert_eq!((counts.total_completed, counts.completed, counts.delayed), (2, 2, 0));
    for job in [long, short] {
        job.remove().await.expect("removed");
    }
    assert!(left(&base).is_empty(), "{:?}", left(&base));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_sleeps_is_put_off_or_cancelled_at_once() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let job = client.add(fulfil, 3_600_000).await.expect("added");
    is(&job, JobState::Delayed).await;
    job.cancel().await.expect("cancelled");
    is(&job, JobState::Cancelled).await;
    assert!(matches!(job.result().await, Err(ResultError::Cancelled { .. })));

    let job = client.add(fulfil, 3_600_000).await.expect("added");
    is(&job, JobState::Delayed).await;
    job.set_delay(Duration::from_millis(10)).await.expect("it is delayed");
    at_once("its end", async || job.state().await.expect("an answer") == Some(JobState::Completed))
        .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleep_beyond_the_jobs_deadline_does_not_begin() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let job = client.add(fulfil, 3_600_000).deadline_in(1.minutes()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    assert_eq!(failure.message, "its deadline has passed");
    running.stop().await;
}

#[job(queue = "orders", attempts = 2, backoff = fixed("10ms"), steps)]
async fn twice((): (), ctx: Context, effects: State<Effects>) -> Result<(), Failure> {
    ctx.sleep(2.hours()).await?;
    if effects.happen("between") == 1 {
        return Err(Failure::retry("half-way"));
    }
    ctx.sleep(1.hours()).await?;
    effects.happen("end");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_the_sleep_of_now_and_no_later_one() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(twice).state(effects.clone()));
    let job = client.add(twice, ()).await.expect("added");
    is(&job, JobState::Delayed).await;
    job.set_delay(Duration::from_secs(600)).await.expect("it is delayed");
    job.set_delay(Duration::from_millis(10)).await.expect("it is delayed");
    // The second sleep, also after an attempt that failed in between.
    let sleeps = async || {
        effects.of("between") == 2
            && job.state().await.expect("an answer") == Some(JobState::Delayed)
    };
    eventually("the second sleep", sleeps).await;
    assert_eq!(effects.of("end"), 0);
    job.promote().await.expect("it is delayed");
    job.result().await.expect("it completes");
    assert_eq!((effects.of("between"), effects.of("end")), (3, 1));
    running.stop().await;
}

/// Two of its parts go on at the same time.
#[job(queue = "orders", attempts = 1, steps)]
async fn both((): (), ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    let one = async {
        ctx.sleep(2.seconds()).await?;
        Ok::<_, Failure>(1)
    };
    let two = ctx.step("slow", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok::<_, Failure>(effects.happen("slow") * 10)
    });
    let (one, two) = tokio::join!(one, two);
    Ok(one? + two?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_under_way_is_recorded_before_the_run_ends_for_a_sleep() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(both).state(effects.clone()));
    let job = client.add(both, ()).await.expect("added");
    assert_eq!(job.result().await.expect("it completes"), 11);
    assert_eq!(effects.of("slow"), 1);
    running.stop().await;
}

//! Steps together with what else a queue can do.

use std::time::Duration;

use jobqueue::{Context, DurationExt, Failure, JobState, State, Unique, job, unique::Added};
use jobqueue_tests::wait::{at_once, eventually};

use super::{Effects, is};
use crate::support::{Running, client, worker};

#[job(queue = "orders", attempts = 1, steps)]
async fn nap(order: u32, ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    ctx.step("charge", async || Ok::<_, Failure>(effects.happen(format!("charge {order}"))))
        .await?;
    ctx.wait_for::<()>("sent", 1.hours()).await?;
    Ok(order)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_has_begun_is_not_replaced_though_it_waits() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    let first = client.add(nap, 1).unique("k").await.expect("added");
    is(&first, JobState::Delayed).await;
    let replace = Unique::by("k").replace();
    let second = client.add(nap, 2).unique(replace).await.expect("answered");
    assert_eq!((second.added(), second.id()), (&Added::Existed, first.id()));
    let last = Unique::by("k").keep_last();
    let third = client.add(nap, 3).unique(last).await.expect("added");
    assert_eq!(third.added(), &Added::After(first.id().clone()));
    first.signal("sent", &()).await.expect("sent");
    assert_eq!(first.result().await.expect("it completes"), 1);
    third.signal("sent", &()).await.expect("sent");
    assert_eq!(third.result().await.expect("it completes"), 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_count_for_no_limit_of_active_ones_and_a_pause_holds_them() {
    let client = client().await;
    let effects = Effects::default();
    let queue = client.queue("orders").expect("a name");
    queue.set_limits().max_active(1).await.expect("set");
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    let jobs = client.add_all(nap, 0..5).await.expect("added");
    let asleep = async || queue.counts().await.expect("an answer").delayed == 5;
    eventually("all to wait", asleep).await;
    queue.create().await.expect("there");
    queue.pause().await.expect("paused");
    for job in &jobs {
        job.signal("sent", &()).await.expect("sent");
    }
    let counts = queue.counts().await.expect("an answer");
    assert_eq!((counts.waiting, counts.completed), (5, 0));
    queue.resume().await.expect("resumed");
    for job in &jobs {
        job.result().await.expect("it completes");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die_and_shut_down_lose_no_step() {
    let client = client().await;
    let effects = Effects::default();
    let job = client.add(nap, 7).await.expect("added");
    for _ in 0..3 {
        let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
        is(&job, JobState::Delayed).await;
        running.stop_within(Duration::ZERO).await;
        job.set_delay(Duration::from_secs(600)).await.expect("it is delayed");
    }
    job.signal("sent", &()).await.expect("sent");
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    let ended = async || job.state().await.expect("an answer") == Some(JobState::Completed);
    at_once("its end", ended).await;
    assert_eq!(effects.of("charge 7"), 1);
    running.stop().await;
}

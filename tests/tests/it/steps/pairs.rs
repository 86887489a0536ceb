//! Steps together with what else a queue can do.

use std::time::{Duration, Instant};

use jobqueue::{
    Context, DurationExt, Failure, JobState, Rate, State, Unique, job,
    manage::Overflow,
    schedule::{Every, Overlap},
    unique::Added,
};
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

#[tokio::test(flavor = "multi_thread")]
async fn each_run_of_a_job_counts_for_the_rate() {
    let client = client().await;
    let effects = Effects::default();
    let queue = client.queue("orders").expect("a name");
    queue.set_limits().rate(Rate::new(20, Duration::from_secs(1))).await.expect("set");
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    let began = Instant::now();
    let jobs = client.add_all(nap, 0..6).await.expect("added");
    for job in &jobs {
        is(job, JobState::Delayed).await;
        job.signal("sent", &()).await.expect("sent");
    }
    for (number, job) in jobs.iter().enumerate() {
        job.result().await.expect("it completes");
        assert_eq!(effects.of(&format!("charge {number}")), 1);
    }
    // Twelve starts, 50 ms apart.
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_fetched_ahead_go_on_once() {
    let client = client().await;
    let effects = Effects::default();
    let builder = worker(&client).concurrency(1).prefetch(8).handler(nap);
    let running = Running::start(builder.state(effects.clone()));
    let jobs = client.add_all(nap, 0..20).await.expect("added");
    for job in &jobs {
        job.signal("sent", &()).await.expect("sent");
    }
    for (number, job) in jobs.iter().enumerate() {
        job.result().await.expect("it completes");
        assert_eq!(effects.of(&format!("charge {number}")), 1);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_waits_for_a_job_that_sleeps() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    let every = Every::new(Duration::from_millis(100));
    client.schedule("naps", every, nap, 7).overlap(Overlap::Skip).await.expect("made");
    let queue = client.queue("orders").expect("a name");
    let info = async || {
        let all = queue.schedules().list().await.expect("read");
        all.into_iter().next().expect("one")
    };
    eventually("ticks to be left out", async || info().await.left_out >= 3).await;
    let first = info().await;
    assert_eq!(first.fired, 1, "the first hasn't ended");
    let job = queue.job(first.last_job.expect("one"));
    assert_eq!(job.state().await.expect("read"), Some(JobState::Delayed));
    job.signal("sent", &()).await.expect("sent");
    eventually("the next", async || info().await.fired >= 2).await;
    queue.schedules().remove("naps").await.expect("removed");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_drops_no_job_that_sleeps() {
    let client = client().await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    let asleep = client.add(nap, 1).await.expect("added");
    is(&asleep, JobState::Delayed).await;
    running.stop().await;
    let queue = client.queue("orders").expect("a name");
    let limits = queue.set_limits().max_length(2).overflow(Overflow::DropOldest);
    limits.dead_letter("dropped").await.expect("set");
    for number in 2..6 {
        client.add(nap, number).await.expect("added");
    }
    let counts = queue.counts().await.expect("read");
    assert_eq!((counts.waiting, counts.delayed), (1, 1), "it counts, and stays");
    let running = Running::start(worker(&client).handler(nap).state(effects.clone()));
    asleep.signal("sent", &()).await.expect("sent");
    assert_eq!(asleep.result().await.expect("it completes"), 1);
    running.stop().await;
}

#[job(queue = "orders", steps, attempts = 1)]
async fn pay(_: (), ctx: Context, effects: State<Effects>) -> Result<String, Failure> {
    let card = || {
        let (ctx, effects) = (ctx.clone(), effects.0.clone());
        async move {
            if effects.happen("card") > 1 {
                return Ok("by card".to_owned());
            }
            ctx.cancelled().await;
            Err(Failure::retry("the gate is shut"))
        }
    };
    match ctx.step("card", card).settled().await? {
        Ok(receipt) => Ok(receipt),
        Err(_refused) => {
            let invoice = async || Ok::<_, Failure>("by invoice".to_owned());
            ctx.step("invoice", invoice).await
        }
    }
}

#[tokio::test]
async fn a_step_that_is_told_to_stop_has_not_failed() {
    let (client, effects) = (client().await, Effects::default());
    let running = Running::start(worker(&client).handler(pay).state(effects.clone()));
    let job = client.add(pay, ()).await.expect("added");
    eventually("the step to run", async || effects.of("card") == 1).await;
    running.stop_within(100.millis()).await;
    let running = Running::start(worker(&client).handler(pay).state(effects.clone()));
    let paid = tokio::time::timeout(4.seconds(), job.result()).await.expect("at once");
    assert_eq!(paid.expect("it completes"), "by card");
    running.stop().await;
}

//! Jobs that run at once, and workers that are live.

use std::time::{Duration, Instant};

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobState, State, job,
    testing::{TestQueue, assert_enqueued, refute_enqueued},
};

use super::{charge, place_order, remind, shop, sleep};
use crate::support::Count;

#[job(queue = "tree", backoff = fixed("1m"))]
async fn grow(depth: u32, client: State<Client>, grown: State<Count>) -> Result<u32, Error> {
    grown.up();
    let mut nodes = 1;
    if depth > 0 {
        for _ in 0..2 {
            let branch = client.0.add(grow, depth - 1).await?;
            let found = branch.result().await;
            nodes += found.map_err(|_| Error::Closed)?;
        }
    }
    Ok(nodes)
}

#[jobqueue::test]
async fn adds_run_at_once_and_so_do_those_within(app: TestQueue) -> Result<(), Error> {
    let (client, grown) = (app.client().clone(), Count::default());
    let app = app.handler(grow).state(client).state(grown.clone()).inline();
    let begun = app.now();
    let tree = app.client().add(grow, 3).await?;
    assert_eq!((grown.get(), app.now()), (15, begun));
    assert_eq!(tree.result().await.expect("it ran"), 15);
    let more = app.client().add_all(grow, [0, 0, 0]).await.expect("added");
    assert_eq!(more[2].state().await?, Some(JobState::Completed));
    Ok(())
}

#[jobqueue::test]
async fn what_is_not_due_waits_for_its_time(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    let app = app.inline();
    app.client().add(place_order, 7).await?;
    refute_enqueued!(app, place_order);
    assert_enqueued!(app, remind, due_in = 2.days());
    assert_eq!(app.advance(3.days()).await?.completed, 1);
    assert_eq!(reminded.get(), 1);
    app.client().queue("reminders")?.create().await?;
    app.client().queue("reminders")?.pause().await?;
    app.client().add(remind, 8).await?;
    assert_eq!(reminded.get(), 1, "the queue is paused");
    app.client().queue("reminders")?.resume().await?;
    app.client().add(remind, 9).await?;
    assert_eq!(reminded.get(), 3);
    Ok(())
}

#[job(queue = "flaky", attempts = 2, backoff = fixed("0s"), dead_letter = "flaky-dead")]
async fn flaky(_: (), ctx: Context) -> Result<(), Failure> {
    Err(Failure::retry(format!("attempt {}", ctx.attempt())))
}

/// The add doesn't hear of it, as in production.
#[jobqueue::test]
async fn an_error_is_the_jobs_own(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(flaky).handler(charge).inline();
    let job = app.client().add(flaky, ()).await?;
    assert_eq!(job.info().await?.attempts_made, 1, "one run for one add");
    app.run_until_idle().await?;
    assert_eq!(job.state().await?, Some(JobState::Failed));
    app.client().add(charge, 1).await?;
    assert_eq!(app.client().queue("cards-failed")?.counts().await?.waiting, 1, "it arrived");
    Ok(())
}

#[job(queue = "nests")]
async fn nest(depth: u32, client: State<Client>, grown: State<Count>) -> Result<(), Error> {
    grown.up();
    client.0.add(nest, depth + 1).await.map(drop)
}

#[jobqueue::test]
async fn jobs_that_add_each_other_for_ever_are_said(app: TestQueue) -> Result<(), Error> {
    let (client, grown) = (app.client().clone(), Count::default());
    let app = app.handler(nest).state(client).state(grown.clone()).inline();
    app.client().add(nest, 1).await?;
    let failed = app.enqueued(nest).await?;
    let failed = failed.iter().find(|job| job.info.attempts_made == 1).expect("one has failed");
    let message = &failed.info.errors[0].message;
    assert!(message.contains("jobs add each other 100 deep, and each runs at once"), "{message}");
    assert_eq!((failed.payload, grown.get()), (100, 100));
    Ok(())
}

#[jobqueue::test]
async fn jobs_that_add_each_other_while_no_time_passes_are_said(app: TestQueue) {
    let (client, grown) = (app.client().clone(), Count::default());
    let app = app.handler(nest).state(client).state(grown).most_runs(300);
    app.client().add(nest, 1).await.expect("added");
    let error = app.run_until_idle().await.expect_err("without an end");
    let expected = "jobs of queue nests are left after 300 runs, while no time has passed: do \
                    they add each other for ever, or does a limit or a long run hold them? Then let \
                    time go on with `advance`";
    assert_eq!(error.to_string(), expected);
}

#[jobqueue::test]
async fn a_set_up_that_lacks_something_is_said_by_the_add(app: TestQueue) {
    let app = app.handler(remind).inline();
    let error = app.client().add(remind, 1).await.expect_err("no state");
    assert!(error.to_string().contains("needs a state of type"), "{error}");
}

#[job(queue = "maths")]
async fn double(number: u64) -> u64 {
    number * 2
}

#[job(queue = "questions")]
async fn ask(number: u64, client: State<Client>) -> Result<u64, Failure> {
    Ok(client.0.call(double, number).await? + 1)
}

#[jobqueue::test]
async fn a_live_worker_runs_by_itself(app: TestQueue) -> Result<(), Error> {
    let (client, real) = (app.client().clone(), Instant::now());
    let app = app.handler(double).handler(ask).handler(sleep).state(client).live().await?;
    let begun = app.now();
    let asked = app.client().add(ask, 21).await?;
    assert_eq!(asked.result().await.expect("it ran"), 43);
    assert!(app.now() - begun < chrono::TimeDelta::seconds(1), "nobody waited for a fallback");
    let late = app.client().add(double, 1).delay(1.hours()).await?;
    assert_eq!(app.advance(59.minutes()).await?.total(), 0);
    assert_eq!(late.state().await?, Some(JobState::Delayed));
    assert_eq!(late.result().await.expect("it ran"), 2);
    let took = (app.now() - begun).to_std().expect("it goes on");
    assert!((3_600..3_606).contains(&took.as_secs()), "{took:?}");
    app.client().add(sleep, 60).await?;
    assert_eq!(app.run_until_idle().await?.completed, 1);
    assert!(app.drain("maths").await.is_err(), "a live worker runs all");
    assert!(real.elapsed() < Duration::from_secs(60));
    Ok(())
}

#[jobqueue::test]
async fn calls_are_answered_inline(app: TestQueue) -> Result<(), Error> {
    let client = app.client().clone();
    let app = app.handler(double).handler(ask).state(client).inline();
    let answer = app.client().call(ask, 4).await.expect("an answer");
    assert_eq!(answer, 9);
    Ok(())
}

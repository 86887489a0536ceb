//! Tests that would never end are told so.

use std::{future::pending, time::Duration};

use jobqueue::{
    Client, DurationExt as _, Error, JobState, State, error::ResultError, job, testing::TestQueue,
};

use super::{remind, shop, sleep};
use crate::support::Count;

/// What `result` of a job says that nobody runs.
async fn told(app: &TestQueue, delay: Duration) -> String {
    let job = app.client().add(remind, 1).delay(delay).await.expect("added");
    let begun = std::time::Instant::now();
    let Err(ResultError::Error(error)) = job.result().await else { panic!("nobody runs it") };
    assert!(begun.elapsed() < 10.seconds(), "{:?}", begun.elapsed());
    error.to_string().replace(job.id().as_str(), "ID")
}

#[jobqueue::test]
async fn a_wait_for_what_nobody_runs_ends(app: TestQueue) {
    let (app, _) = shop(app);
    let expected = "job ID in queue reminders is waiting, and nothing runs it: nothing runs until \
                    `run_until_idle` or `advance`: call it before the wait";
    assert_eq!(told(&app, Duration::ZERO).await, expected);
    assert!(told(&app, 30.days()).await.starts_with("job ID in queue reminders is delayed"));
    app.run_until_idle().await.expect("idle");
}

#[jobqueue::test]
async fn inline_what_is_not_due_is_not_waited_for(app: TestQueue) {
    let (app, _) = shop(app);
    let app = app.inline();
    let text = told(&app, 30.days()).await;
    assert!(text.ends_with("what isn't due runs in `advance`: call it before the wait"), "{text}");
}

#[jobqueue::test]
async fn a_wait_goes_on_as_long_as_somebody_runs_jobs(app: TestQueue) -> Result<(), Error> {
    let (app, _) = shop(app);
    let late = app.client().add(remind, 1).delay(3.days()).await?;
    let waits = tokio::spawn(async move { late.result().await });
    app.advance(3.days()).await?;
    assert_eq!(waits.await.expect("no panic").expect("it ran"), 1);

    // A worker of the test's own may take hours.
    let slow = app.client().add(sleep, 4_000).delay(1.hours()).await?;
    let worker = jobqueue::Worker::builder(app.client()).handler(sleep);
    let ended = async { slow.result().await.expect("it ran") };
    tokio::select! {
        ended = worker.run_until(pending()) => panic!("{ended:?}"),
        () = ended => {}
    }
    Ok(())
}

#[job(queue = "stuck")]
async fn stuck(_: ()) {
    pending().await
}

#[jobqueue::test]
async fn a_run_by_itself_that_never_ends_is_said(app: TestQueue) {
    let error = app.perform(stuck, ()).id("one").await.expect_err("it never ends");
    let expected = "the run of job one in queue stuck hasn't ended in a day of the test's time: \
                    have its handler end, or give it a `timeout`";
    assert_eq!(error.to_string(), expected);
}

#[jobqueue::test]
async fn inline_a_run_that_never_ends_is_said_by_the_add(app: TestQueue) {
    let app = app.handler(stuck).inline();
    let error = app.client().add(stuck, ()).await.expect_err("it never ends");
    assert!(error.to_string().contains("hasn't ended in a day of the test's time"), "{error}");
}

#[job(queue = "bush")]
async fn branch(_: u32, client: State<Client>, grown: State<Count>) {
    grown.up();
    for number in 0..2 {
        // It doesn't look what becomes of them.
        let _ = client.0.add(branch, number).await;
    }
}

/// Each adds two, so they are many before they are deep.
#[jobqueue::test]
async fn inline_jobs_that_add_ever_more_are_said_by_the_add(app: TestQueue) {
    let (client, grown) = (app.client().clone(), Count::default());
    let app = app.handler(branch).state(client).state(grown.clone()).inline().most_runs(300);
    let error = app.client().add(branch, 0).await.expect_err("without an end");
    let expected = "one add has had 300 jobs run, and more are left: test them without `inline()`";
    assert_eq!((error.to_string().as_str(), grown.get()), (expected, 300));
}

#[jobqueue::test]
async fn a_run_by_itself_takes_no_other_jobs_place(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    let waits = app.client().add(remind, 1).id("mine").await?;
    let error = app.perform(remind, 2).id("mine").await.expect_err("it waits");
    let expected = "job mine is in queue reminders already, and is waiting: perform another id, or \
                    have it run";
    assert_eq!(error.to_string(), expected);
    app.run_until_idle().await?;
    assert_eq!((reminded.get(), waits.result().await.expect("it ran")), (1, 1));
    assert_eq!(app.perform(remind, 3).id("mine").await?.completed(), 3);
    let counts = app.client().queue("reminders")?.counts().await?;
    assert_eq!((counts.completed, counts.active), (1, 0), "one job of one id");
    Ok(())
}

#[jobqueue::test]
async fn times_without_an_end(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    let error = app.advance(Duration::MAX).await.expect_err("too far");
    assert!(error.to_string().ends_with("advance by 1,000 years at most"), "{error}");
    app.client().add(remind, 1).delay(36_500.days()).await?;
    app.advance(36_501.days()).await?;
    assert_eq!(reminded.get(), 1);
    app.redis_gone_for(Duration::MAX);
    let gone = app.client().add(remind, 2).await.expect_err("redis is gone");
    assert!(matches!(gone, Error::Unavailable { .. }), "{gone}");
    Ok(())
}

/// Time goes on for jobs that nothing here runs.
#[jobqueue::test]
async fn a_test_without_handlers_has_a_time(app: TestQueue) -> Result<(), Error> {
    let (job, begun) = (app.client().add(remind, 1).delay(1.hours()).await?, app.now());
    let ran = app.advance(2.hours()).await?;
    assert_eq!((ran.total(), app.now() - begun), (0, chrono::TimeDelta::hours(2)));
    assert_ne!(job.state().await?, Some(JobState::Completed));
    let error = app.run_until_idle().await.expect_err("nothing could run");
    assert!(error.to_string().contains("no handler"), "{error}");
    Ok(())
}

//! Failures that a test asks for.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobState, State, job,
    retry::Verdict,
    testing::{CallFault, Ending, RedisCall, TestQueue, assert_enqueued},
};

use super::{charge, remind, shop};
use crate::support::Count;

#[job(queue = "imports", attempts = 3, backoff = fixed("1m"))]
async fn import(seconds: u64, ctx: Context, begun: State<Count>) -> Result<bool, Failure> {
    begun.up();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    ctx.log("done").await?;
    Ok(ctx.is_lost())
}

fn importer(app: TestQueue) -> (TestQueue, Count) {
    let begun = Count::default();
    (app.handler(import).state(begun.clone()), begun)
}

#[jobqueue::test]
async fn the_next_run_fails_and_no_other(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    app.fail_next(import, Failure::retry("no disk"));
    app.fail_next(import, Failure::retry("busy").with(Verdict::RateLimited(5.seconds())));
    let job = app.client().add(import, 0).await?;
    let ran = app.run_until_idle().await?;
    assert_eq!((ran.retried, ran.total(), begun.get()), (1, 1, 0));
    let ran = app.advance(2.minutes()).await?;
    assert_eq!((ran.released, ran.completed, begun.get()), (1, 1, 1));
    let info = job.info().await?;
    assert_eq!((info.state, info.errors[0].message.as_str()), (JobState::Completed, "no disk"));

    app.fail_next(import, std::io::Error::other("any error"));
    assert_eq!(app.perform(import, 0).await?.retried(), 1.minutes());
    Ok(())
}

#[jobqueue::test]
async fn a_worker_dies_and_another_runs_its_job(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    for in_the_middle in [false, true] {
        if in_the_middle {
            app.crash_next_after(import, 5.seconds());
        } else {
            app.crash_next(import);
        }
        let (before, runs) = (app.now(), begun.get());
        let job = app.client().add(import, 20).await?;
        app.run_until_idle().await?;
        let info = job.info().await?;
        assert_eq!((info.state, info.stalls, info.attempts_made), (JobState::Completed, 1, 0));
        assert_eq!(begun.get() - runs, 2);
        let told = job.logs(0).await?.len();
        assert_eq!(told, if in_the_middle { 1 } else { 2 });
        let took = (app.now() - before).num_seconds();
        let at_least = if in_the_middle { 25 } else { 40 };
        assert!((at_least..at_least + 25).contains(&took), "its lease of 10 s first: {took}");
    }
    Ok(())
}

#[jobqueue::test]
async fn a_worker_dies_in_a_single_run(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    app.crash_next(import);
    let crashed = app.perform(import, 0).await?;
    assert!(matches!(crashed.ending, Ending::Crashed), "{crashed:?}");
    let job = app.client().queue("imports")?.job(crashed.id.clone());
    assert_eq!(job.state().await?, Some(JobState::Active));
    app.run_until_idle().await?;
    assert_eq!((job.info().await?.stalls, begun.get()), (1, 2));
    Ok(())
}

#[jobqueue::test]
async fn a_job_that_kills_its_workers_fails_in_the_end(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    (0..3).for_each(|_| app.crash_next(import));
    let job = app.client().add(import, 0).await?;
    app.run_until_idle().await?;
    assert_eq!((job.state().await?, begun.get()), (Some(JobState::Failed), 3));
    Ok(())
}

#[jobqueue::test]
async fn a_live_worker_that_dies_is_started_again(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    let app = app.live().await?;
    app.crash_next(import);
    let job = app.client().add(import, 1).await?;
    assert!(!job.result().await.expect("it ran"));
    assert_eq!(begun.get(), 2);
    Ok(())
}

#[jobqueue::test]
async fn a_lease_is_lost_and_what_the_run_comes_to_is_refused(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    app.lose_lease_next(import);
    let lost = app.perform(import, 30).await?;
    assert!(matches!(lost.ending, Ending::Lost), "{lost:?}");
    app.run_until_idle().await?;
    let job = app.client().queue("imports")?.job(lost.id.clone());
    let info = job.info().await?;
    assert_eq!((info.state, info.stalls, begun.get()), (JobState::Completed, 1, 2));

    app.lose_lease_next(import);
    let job = app.client().add(import, 30).await?;
    app.run_until_idle().await?;
    assert_eq!(job.info().await?.stalls, 1);
    assert_eq!(begun.get(), 4);
    assert!(!job.result().await.expect("it ran"), "the second run had it to its end");
    Ok(())
}

#[jobqueue::test]
async fn calls_fail_as_they_are_asked_to(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    app.fail_next_call(RedisCall::Add, CallFault::Refused);
    let refused = app.client().add(remind, 1).await.expect_err("redis is full");
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
    for (fault, count) in [(CallFault::Lost, 1), (CallFault::Unanswered, 2)] {
        app.fail_next_call(RedisCall::Add, fault);
        app.client().add(remind, 2).await?;
        assert_enqueued!(app, remind, |order| *order == 2, count = count);
    }
    for fault in [CallFault::Lost, CallFault::Unanswered, CallFault::Unanswered] {
        app.fail_next_call(RedisCall::Turn, fault);
    }
    app.run_until_idle().await?;
    assert_eq!(reminded.get(), 2, "each ran once");
    Ok(())
}

#[job(queue = "reports", attempts = 2, backoff = fixed("1m"))]
async fn report(_: (), ctx: Context, client: State<Client>) -> Result<(), Failure> {
    ctx.log("begun").await?;
    client.0.add(charge, 1).await?;
    Ok(())
}

#[jobqueue::test]
async fn a_refused_call_is_the_handlers_error(app: TestQueue) -> Result<(), Error> {
    let client = app.client().clone();
    let app = app.handler(report).state(client);
    app.fail_next_call(RedisCall::Add, CallFault::Refused);
    let failed = app.perform(report, ()).await?;
    assert_eq!(failed.retried(), 1.minutes());
    assert_eq!((failed.added.len(), failed.logs.len()), (0, 1));
    app.fail_next_call(RedisCall::Log, CallFault::Refused);
    assert!(app.perform(report, ()).await?.failure().is_some());
    Ok(())
}

#[jobqueue::test]
async fn redis_goes_and_comes_back(app: TestQueue) -> Result<(), Error> {
    let (app, begun) = importer(app);
    let gone = app.redis_gone();
    let before = app.now();
    let failed = app.client().add(import, 1).await.expect_err("nobody took it");
    assert!(matches!(failed, Error::Unavailable { .. }), "{failed}");
    let waited = (app.now() - before).num_seconds();
    assert!((5..=11).contains(&waited), "for as long as the client's patience: {waited}");
    drop(gone);
    let job = app.client().add(import, 60).await?;
    // It begins, and ends within the time that it is gone.
    let outage = async {
        while begun.get() == 0 {
            tokio::time::sleep(10.millis()).await;
        }
        app.redis_gone_for(65.seconds());
    };
    let (ran, ()) = tokio::join!(app.run_until_idle(), outage);
    ran?;
    let info = job.info().await?;
    assert_eq!((info.state, info.attempts_made), (JobState::Delayed, 1), "its log failed");
    assert!(info.errors[0].message.contains("write to a job's log"), "{info:?}");
    app.advance(3.minutes()).await?;
    assert_eq!(job.state().await?, Some(JobState::Completed));
    Ok(())
}

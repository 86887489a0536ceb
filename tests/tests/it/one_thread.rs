//! Runs on a runtime of one thread, where the pump itself polls each run first.

use std::{sync::Arc, time::Duration};

use jobqueue::{
    Context, DurationExt, Failure, JobHandle, State,
    error::{FailureReason, ResultError},
    job,
};
use jobqueue_tests::{server::RedisServer, wait::eventually};
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, client_of, worker};

/// In which way a run ends, by its number.
#[job(attempts = 1, timeout = "5s")]
async fn end(n: u32, ctx: Context) -> Result<u32, Failure> {
    assert!(ctx.time_left().is_some_and(|left| left <= Duration::from_secs(5)));
    match n % 6 {
        0 => {}
        1 => tokio::task::yield_now().await,
        2 => tokio::time::sleep(2.millis()).await,
        3 => panic!("number {n}"),
        4 => return Err(Failure::permanent("no")),
        // More than a task may do at a time: it is made to wait where nothing is to wait for.
        _ => {
            for _ in 0..500 {
                tokio::task::consume_budget().await;
            }
        }
    }
    Ok(n)
}

async fn check(n: u32, job: JobHandle<u32>) {
    let ended = job.result().await;
    let reason = match &ended {
        Ok(same) => {
            assert_eq!(*same, n);
            None
        }
        Err(ResultError::Failed { failure, .. }) => Some(failure.reason),
        Err(other) => panic!("{n}: {other}"),
    };
    let expected = match n % 6 {
        3 => Some(FailureReason::Panic),
        4 => Some(FailureReason::Permanent),
        _ => None,
    };
    assert_eq!(reason, expected, "{n}");
}

#[tokio::test]
async fn runs_end_alike_whether_they_wait_or_not() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(end).concurrency(20));
    let jobs = client.add_all(end, 0..200).await.expect("added");
    for (n, job) in (0..).zip(jobs) {
        check(n, job).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn prefetched_jobs_run_too() {
    #[job]
    async fn brief(n: u32, runs: State<Count>) {
        runs.up();
        if n.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
    }
    let client = client().await;
    let runs = Count::default();
    client.add_all(brief, 0..500).await.expect("added");
    let builder = worker(&client).state(runs.clone()).handler(brief);
    let running = Running::start(builder.concurrency(3).prefetch(40));
    eventually("all runs", async || runs.get() == 500).await;
    running.stop().await;
}

#[tokio::test]
async fn room_for_many_is_filled_in_halves() {
    #[job]
    async fn holds(_n: u32, begun: State<Count>, go: State<Arc<Semaphore>>) {
        begun.up();
        let _permit = go.acquire().await;
    }
    let (server, go) = (RedisServer::start(), Arc::new(Semaphore::new(0)));
    let (client, begun) = (client_of(&server.url()).await, Count::default());
    client.add_all(holds, 0..500).await.expect("added");
    let calls = server.script_calls();
    let builder = worker(&client).state(begun.clone()).state(go.clone()).handler(holds);
    let running = Running::start(builder.concurrency(400));
    eventually("all slots", async || begun.get() == 400).await;
    // One that joins, and one for each half.
    let calls = server.script_calls() - calls;
    assert!(calls >= 3, "{calls} calls");
    go.add_permits(500);
    eventually("all runs", async || begun.get() == 500).await;
    running.stop().await;
}

#[tokio::test]
async fn a_run_that_waits_for_ever_is_timed_out() {
    #[job(attempts = 1, timeout = "50ms")]
    async fn waits(_: ()) {
        std::future::pending::<()>().await;
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(waits));
    let job = client.add(waits, ()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("it never ends")
    };
    assert_eq!(failure.reason, FailureReason::Timeout);
    running.stop().await;
}

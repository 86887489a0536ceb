//! Children that a running job adds.

use jobqueue::{Context, Failure, Flow, JobState, State, error::ResultError, flow::Inputs, job};
use jobqueue_tests::wait::at_once;

use crate::support::{Count, Running, client, worker};

#[job(queue = "cells", attempts = 1)]
async fn square(n: u64) -> Result<u64, Failure> {
    if n == 13 { Err(Failure::permanent("unlucky")) } else { Ok(n * n) }
}

#[job(queue = "sums")]
async fn sum(_: (), parts: Inputs<Vec<u64>>) -> u64 {
    parts.iter().sum()
}

#[job(queue = "sums", steps)]
async fn sum_of_squares(most: u64, ctx: Context, runs: State<Count>) -> Result<u64, Failure> {
    runs.up();
    let flow = Flow::unnamed();
    let squares = flow.all(square, 1..=most);
    let total = flow.node(sum, ()).after(&squares);
    let total = ctx.spawn_children("squares", flow, total).await?;
    let again = Flow::unnamed();
    let more = again.all(square, [2, 3]);
    let more: Vec<u64> = ctx.spawn_children("more", again, more).await?;
    Ok(total + more.iter().sum::<u64>())
}

#[tokio::test]
async fn a_job_waits_for_its_children_without_a_slot() {
    let client = client().await;
    let runs = Count::default();
    // One slot: a parent that kept it would wait for ever.
    let sums = worker(&client).concurrency(1).handler(sum).handler(sum_of_squares);
    let _running = Running::start(sums.state(runs.clone()));
    let job = client.add(sum_of_squares, 4).await.expect("added");
    let waits = async || job.state().await.expect("a state") == Some(JobState::Delayed);
    at_once("its children", waits).await;
    let _cells = Running::start(worker(&client).handler(square));
    let end = async || job.state().await.expect("a state") == Some(JobState::Completed);
    at_once("its end", end).await;
    assert_eq!(job.result().await.expect("it ended"), 30 + 13);
    assert_eq!(runs.get(), 3, "a run for each wait, and the last");
}

#[tokio::test]
async fn children_that_fail_fail_their_job() {
    let client = client().await;
    let sums = worker(&client).handler(sum).handler(sum_of_squares).state(Count::default());
    let _running = (Running::start(sums), Running::start(worker(&client).handler(square)));
    let job = client.add(sum_of_squares, 13).attempts(5).await.expect("added");
    let end = async || job.state().await.expect("a state") == Some(JobState::Failed);
    at_once("its end", end).await;
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => {
            assert_eq!(failure.attempt, 1, "no other attempt mends it");
            assert!(failure.to_string().contains("unlucky"), "{failure}");
        }
        other => panic!("{other:?}"),
    }
}

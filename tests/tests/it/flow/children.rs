//! Children that a running job adds.

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, Flow, JobState, State,
    error::ResultError,
    flow::{FlowError, FlowState, Inputs},
    job,
};
use jobqueue_tests::wait::{at_once, eventually};

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
    let waits = async || job.state().await.expect("a state") == Some(JobState::WaitingChildren);
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

#[job(queue = "totals")]
async fn total(_: (), parts: Inputs<Vec<u64>>) -> u64 {
    parts.iter().sum()
}

/// A flow of jobs that have children, and what adds up their results.
async fn totals(client: &Client) -> jobqueue::FlowHandle<u64> {
    let flow = Flow::unnamed();
    let sums = flow.all(sum_of_squares, [2, 3]);
    let root = flow.node(total, ()).after(&sums);
    client.start(flow, root).await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_a_flow_have_children_too() {
    let client = client().await;
    let runs = Count::default();
    let sums = worker(&client).handler(sum).handler(sum_of_squares).state(runs.clone());
    let _running = Running::start(sums.handler(total));
    let handle = totals(&client).await;
    let queue = client.queue("sums").expect("a name");
    let wait = async || queue.counts().await.expect("read").waiting_children == 2;
    eventually("both to wait", wait).await;
    let cells = Running::start(worker(&client).handler(square));
    let end = tokio::time::timeout(20.seconds(), handle.result()).await.expect("it ends");
    assert_eq!(end.expect("it completes"), (5 + 13) + (14 + 13));
    cells.stop().await;

    // They are cancelled with the flow.
    let handle = totals(&client).await;
    eventually("both to wait", wait).await;
    handle.cancel().await.expect("cancelled");
    let cells = client.queue("cells").expect("a name");
    let cancelled = async || cells.counts().await.expect("read").total_cancelled == 2 + 3;
    eventually("the end of their children", cancelled).await;
    assert!(matches!(handle.result().await, Err(FlowError::Cancelled { .. })));
}

#[job(queue = "cells", attempts = 1)]
async fn mended(n: u64, runs: State<Count>) -> Result<u64, Failure> {
    if runs.up() == 0 { Err(Failure::permanent("not yet")) } else { Ok(n) }
}

#[job(queue = "sums", attempts = 1, steps)]
async fn of_mended(n: u64, ctx: Context) -> Result<u64, Failure> {
    let flow = Flow::unnamed().keep(1.millis());
    let one = flow.node(mended, n);
    Ok(ctx.spawn_children("one", flow, one).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn children_that_are_mended_serve_their_job_and_go_with_it() {
    let client = client().await;
    let handlers = worker(&client).handler(mended).handler(of_mended).state(Count::default());
    let _running = Running::start(handlers);
    let job = client.add(of_mended, 7).await.expect("added");
    job.result().await.expect_err("its child has failed");
    let queue = client.queue("sums").expect("a name");
    let id = queue.flows().all().await.expect("read").remove(0).id;
    let flow = queue.flow(&id).await.expect("asked").expect("there");
    flow.retry().await.expect("it runs again");
    let ended = async || flow.info().await.expect("known").summary.state == FlowState::Completed;
    eventually("it to complete", ended).await;
    match flow.remove().await {
        Err(FlowError::Error(error @ Error::Invalid(_))) => {
            assert!(format!("{error:?}").contains("remove the job"), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
    job.retry().await.expect("it runs again");
    assert_eq!(job.result().await.expect("it completes"), 7);
    job.remove().await.expect("removed");
    let gone = async || queue.flow(&id).await.expect("asked").is_none();
    eventually("the flow to go", gone).await;
}

#[job(queue = "cells")]
async fn endless(_: (), ctx: Context) -> Result<u64, Failure> {
    ctx.cancelled().await;
    Err(Failure::permanent("told to stop"))
}

#[job(queue = "sums", steps)]
async fn of_endless(_: (), ctx: Context) -> Result<u64, Failure> {
    let flow = Flow::unnamed();
    let one = flow.node(endless, ());
    Ok(ctx.spawn_children("one", flow, one).await?)
}

/// They are cancelled with it, and it hears nothing of that. Run again, it must not wait for word of
/// their end.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_cancelled_and_runs_again_sees_that_its_children_have_ended() {
    let client = client().await;
    let handlers = worker(&client).handler(endless).handler(of_endless);
    let _running = Running::start(handlers);
    let job = client.add(of_endless, ()).await.expect("added");
    let queue = client.queue("sums").expect("a name");
    let cells = client.queue("cells").expect("a name");
    let runs = async || cells.counts().await.expect("read").active == 1;
    eventually("its child to run", runs).await;
    job.cancel().await.expect("cancelled");
    let flow = queue.flows().all().await.expect("read").remove(0).id;
    let flow = queue.flow(&flow).await.expect("asked").expect("there");
    let ended = async || flow.info().await.expect("known").summary.state == FlowState::Cancelled;
    eventually("its children to end", ended).await;
    job.retry().await.expect("it runs again");
    let end = async || job.state().await.expect("a state") == Some(JobState::Failed);
    at_once("its end", end).await;
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => {
            assert!(failure.to_string().contains("cancelled"), "{failure}");
        }
        other => panic!("{other:?}"),
    }
}

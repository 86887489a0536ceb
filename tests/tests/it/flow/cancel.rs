//! Cancelling whole flows.

use jobqueue::{
    DurationExt as _, Flow, JobState,
    flow::{FlowError, FlowState},
};
use jobqueue_tests::wait::{at_once, eventually};

use super::parts::{Board, end, leaf, leaves, texts, top, tops, tree};
use crate::support::client;

#[tokio::test]
async fn a_cancel_ends_what_waits_and_tells_what_runs() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let handle = tree(&client, ["stay", "stay", "fine"]).await;
    eventually("the leaves to run", async || board.count() == 3).await;
    board.take();
    handle.cancel().by("ops").reason("not wanted").await.expect("cancelled");
    assert!(matches!(end(&handle).await, Err(FlowError::Cancelled { .. })));
    eventually("it to end", async || {
        handle.info().await.expect("known").summary.state == FlowState::Cancelled
    })
    .await;
    assert_eq!(board.take(), ["cancelled by ops: not wanted", "cancelled by ops: not wanted"]);
    let info = handle.info().await.expect("known");
    let summary = &info.summary;
    let numbers = (summary.completed, summary.cancelled, summary.failed, summary.pending);
    assert_eq!((numbers, info.waiting_children, info.queued), ((1, 3, 0, 0), 0, 0));
    assert!(summary.ended_at.is_some());
    match handle.cancel().await {
        Err(FlowError::WrongState { state: FlowState::Cancelled, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_cancel_needs_no_worker() {
    let client = client().await;
    let handle = tree(&client, ["a", "b"]).await;
    let queue = client.queue("leaves").expect("a queue");
    eventually("the leaves to wait", async || queue.counts().await.expect("read").waiting == 2)
        .await;
    handle.cancel().await.expect("cancelled");
    assert!(matches!(end(&handle).await, Err(FlowError::Cancelled { .. })));
    // Its root has ended, and the others hear of it.
    at_once("the end of the leaves", async || {
        let counts = queue.counts().await.expect("read");
        (counts.waiting, counts.cancelled) == (0, 2)
    })
    .await;
}

/// Some of its nodes were not needed any more, and run all the same.
#[tokio::test]
async fn a_cancel_reaches_what_a_failure_had_left_to_run() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::unnamed();
    let stays = flow.all(leaf, texts(["stay"])).named("stays");
    let bad = flow.node(leaf, "bad".to_owned()).named("bad");
    let top = flow.node(top, "top".to_owned()).waits_for((&stays, &bad)).after(&stays);
    let handle = client.start(flow, top).await.expect("it starts");
    assert!(matches!(end(&handle).await, Err(FlowError::Failed { .. })));
    let info = handle.info().await.expect("known").summary;
    assert_eq!((info.state, info.pending), (FlowState::Running, 1));
    handle.cancel().grace(50.millis()).await.expect("cancelled");
    eventually("it to end", async || {
        handle.info().await.expect("known").summary.state == FlowState::Cancelled
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_job_of_a_node_is_a_failure_to_those_that_wait() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let handle = tree(&client, ["a", "b"]).await;
    let queue = client.queue("leaves").expect("a queue");
    eventually("the leaves to wait", async || queue.counts().await.expect("read").waiting == 2)
        .await;
    let ids = queue.jobs(JobState::Waiting).ids(0, 9).await.expect("read");
    queue.job(&ids[0]).cancel().reason("one alone").await.expect("cancelled");
    match end(&handle).await {
        Err(FlowError::Failed { node, failure, .. }) => {
            assert_eq!(node, "leaf 0");
            assert!(failure.message.contains("one alone"), "{failure}");
        }
        other => panic!("{other:?}"),
    }
    eventually("the sibling to end", async || queue.counts().await.expect("read").waiting == 0)
        .await;
}

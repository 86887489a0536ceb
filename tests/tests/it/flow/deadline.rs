//! Flows that must have ended by a time.

use chrono::Utc;
use jobqueue::{
    Client, DurationExt as _, Flow, FlowHandle, State,
    error::FailureReason,
    flow::{FlowError, FlowState},
    job,
};
use jobqueue_tests::wait::{at_once, eventually};

use super::parts::{Board, end, leaf, leaves, texts, top, tops};
use crate::support::{Running, client, worker};

#[job(queue = "calls")]
async fn called(what: String, board: State<Board>) {
    board.note(what);
}

async fn start(client: &Client, payload: &str) -> FlowHandle<String> {
    let flow = Flow::unnamed()
        .deadline_in(300.millis())
        .on_complete(called, "complete".to_owned())
        .on_success(called, "success".to_owned())
        .on_death(called, "death".to_owned());
    let leaves = flow.all(leaf, texts([payload]));
    let top = flow.node(top, "top".to_owned()).after(&leaves);
    client.start(flow, top).await.expect("it starts")
}

/// No worker serves the queue of the leaves.
#[tokio::test]
async fn a_deadline_fails_a_flow_that_nobody_serves() {
    let (client, board) = (client().await, Board::default());
    let _workers = (
        tops(&client, &board),
        Running::start(worker(&client).handler(called).state(board.clone())),
    );
    let handle = start(&client, "fine").await;
    assert!(handle.info().await.expect("known").summary.deadline.is_some());
    assert!(matches!(end(&handle).await, Err(FlowError::Deadline { .. })));
    at_once("it to end", async || {
        handle.info().await.expect("known").summary.state == FlowState::Failed
    })
    .await;
    eventually("the jobs that follow", async || board.count() == 2).await;
    assert_eq!(board.take(), ["complete", "death"]);
    let jobs = client.queue("leaves").expect("a queue").counts().await.expect("read");
    assert_eq!((jobs.waiting, jobs.cancelled), (0, 1));
}

#[tokio::test]
async fn a_deadline_ends_what_runs() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let handle = start(&client, "stay").await;
    assert!(matches!(end(&handle).await, Err(FlowError::Deadline { .. })));
    eventually("the run to end", async || board.count() == 2).await;
    assert_eq!(board.take()[0], "cancelled: the deadline of its flow has passed");
    // It can be run again, and has all the time then.
    board.mend();
    eventually("it to end", async || handle.retry().await.is_ok()).await;
    assert_eq!(end(&handle).await.expect("a result"), "top: stay");
    assert_eq!(handle.info().await.expect("known").summary.deadline, None);
}

/// Its jobs are received by hand.
#[tokio::test]
async fn a_receive_looks_after_deadlines() {
    let client = client().await;
    let handle = start(&client, "fine").await;
    let home = client.queue("tops").expect("a queue");
    let received = tokio::spawn(async move { home.receive(1, 4.seconds()).await });
    assert!(matches!(end(&handle).await, Err(FlowError::Deadline { .. })));
    received.abort();
}

#[tokio::test]
async fn a_deadline_of_a_flow_that_has_ended_does_nothing() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::unnamed().deadline(Utc::now() + chrono::TimeDelta::milliseconds(500));
    let node = flow.node(leaf, "fine".to_owned());
    let handle = client.start(flow, node).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("a result"), "fine");
    let schedules = client.queue("leaves").expect("a queue").schedules().list().await;
    assert!(schedules.expect("read").is_empty());
    tokio::time::sleep(600.millis()).await;
    let info = handle.info().await.expect("known").summary;
    assert_eq!(info.state, FlowState::Completed);
}

/// The node's own.
#[tokio::test]
async fn a_deadline_of_a_node_fails_it() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let flow = Flow::unnamed();
    let late = flow.all(leaf, texts(["fine"])).deadline(Utc::now());
    let top = flow.node(top, "top".to_owned()).after(&late);
    let handle = client.start(flow, top).await.expect("it starts");
    let _leaves = leaves(&client, &board);
    match end(&handle).await {
        Err(FlowError::Failed { failure, .. }) => {
            assert_eq!(failure.reason, FailureReason::Deadline);
        }
        other => panic!("{other:?}"),
    }
    assert!(board.take().is_empty(), "nothing ran");
}

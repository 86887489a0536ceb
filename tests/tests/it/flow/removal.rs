//! Flows and jobs that are removed.

use jobqueue::{
    Client, DurationExt as _, Flow, FlowHandle, JobState, Queue,
    error::FailureReason,
    flow::{FlowError, FlowState},
};
use jobqueue_tests::{leftovers::keys_that_stay, wait::eventually};

use super::parts::{Board, end, leaf, leaves, texts, tops, tree};
use crate::support::{client, client_and_base, raw};

#[tokio::test]
async fn a_flow_is_removed_once_it_has_ended() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let handle = tree(&client, ["stay"]).await;
    match handle.remove().await {
        Err(FlowError::WrongState { state: FlowState::Running, action, .. }) => {
            assert_eq!(action, "remove");
        }
        other => panic!("{other:?}"),
    }
    handle.cancel().await.expect("cancelled");
    eventually("it to be removed", async || handle.remove().await.is_ok()).await;
    assert!(matches!(handle.info().await, Err(FlowError::Gone { .. })));
    assert!(matches!(handle.retry().await, Err(FlowError::Gone { .. })));
    assert!(matches!(handle.cancel().await, Err(FlowError::Gone { .. })));
    handle.remove().await.expect("nothing to do");
    let home = client.queue("tops").expect("a queue");
    assert!(home.flows().all().await.expect("read").is_empty());
}

#[tokio::test]
async fn the_workers_of_its_home_remove_a_large_flow_when_its_time_is_up() {
    let ((client, base), board) = (client_and_base("tops").await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::new("large").keep(300.millis());
    let leaves = flow.all(leaf, (0..5_001).map(|n| n.to_string()));
    let root = flow.node(super::parts::top, "top".to_owned()).waits_for(&leaves);
    let handle = client.start(flow, root).await.expect("it starts");
    handle.result().await.expect("it completes");
    // Nobody but a worker removes it so early.
    eventually("it to be gone", async || {
        matches!(handle.info().await, Err(FlowError::Gone { .. })).then_some(())
    })
    .await;
    let mut server = jobqueue_tests::shared::connection();
    assert_eq!(keys_that_stay(&mut server, &format!("{base}flow*")), [""; 0]);
}

/// A flow whose leaf waits, and the leaf's queue.
async fn waiting(client: &Client) -> (FlowHandle<String>, Queue) {
    let handle = tree(client, ["fine"]).await;
    let queue = client.queue("leaves").expect("a queue");
    eventually("the leaf to wait", async || queue.counts().await.expect("read").waiting == 1).await;
    (handle, queue)
}

async fn is_removed(handle: &FlowHandle<String>) {
    match end(handle).await {
        Err(FlowError::Failed { node, failure, .. }) => {
            assert_eq!((&node[..], failure.reason), ("leaf", FailureReason::Removed));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_flow_hears_of_jobs_that_are_removed() {
    let client = client().await;
    let (handle, queue) = waiting(&client).await;
    let ids = queue.jobs(JobState::Waiting).ids(0, 9).await.expect("read");
    queue.job(&ids[0]).remove().await.expect("removed");
    is_removed(&handle).await;

    let (handle, queue) = waiting(&client).await;
    assert_eq!(queue.drain().await.expect("drained"), 1);
    is_removed(&handle).await;

    let (handle, queue) = waiting(&client).await;
    queue.obliterate().await.expect("removed");
    is_removed(&handle).await;
}

/// Its run goes on, and what it says counts no more.
#[tokio::test]
async fn a_flow_hears_of_a_queue_that_is_removed_while_a_node_runs() {
    let (client, board) = (client().await, Board::default());
    let running = leaves(&client, &board);
    let handle = tree(&client, ["stay"]).await;
    eventually("the leaf to run", async || board.count() == 1).await;
    let queue = client.queue("leaves").expect("a queue");
    queue.obliterate().force().await.expect("removed");
    is_removed(&handle).await;
    running.stop_within(100.millis()).await;
}

#[tokio::test]
async fn a_home_that_is_removed_takes_its_flows_along() {
    let (client, base) = client_and_base("tops").await;
    let board = Board::default();
    let handle = tree(&client, ["fine", "fine"]).await;
    let other = Flow::new("late").deadline_in(1.hours());
    let nodes = other.all(leaf, texts(["fine"]));
    let node = other.node(super::parts::top, "top".to_owned()).after(&nodes);
    client.start(other, node).await.expect("it starts");
    let (home, queue) =
        (client.queue("tops").expect("a queue"), client.queue("leaves").expect("a queue"));
    eventually("the leaves to wait", async || queue.counts().await.expect("read").waiting == 3)
        .await;
    assert_eq!(home.flows().all().await.expect("read").len(), 2);
    home.obliterate().await.expect("removed");
    assert!(matches!(end(&handle).await, Err(FlowError::Gone { .. })));
    assert!(home.flow("late").await.expect("looked").is_none());
    // The leaves run, and nobody minds how they end.
    let running = leaves(&client, &board);
    eventually("the leaves to run", async || board.count() == 3).await;
    running.stop().await;
    let mut server = raw(jobqueue_tests::shared::url()).await;
    let left: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{}*", base.replace('{', "\\{").replace('}', "\\}")))
        .query_async(&mut server)
        .await
        .expect("listed");
    let allowed = ["outbox", "sources", "relay", "meta"];
    let left: Vec<&str> = left
        .iter()
        .filter_map(|key| key.strip_prefix(&base))
        .filter(|key| !allowed.contains(key) && !key.starts_with("sender:"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_within_another_goes_with_that() {
    let (client, board) = (client().await, Board::default());
    let _leaves = leaves(&client, &board);
    let flow = Flow::unnamed();
    let stays = flow.node(leaf, "stay".to_owned());
    let outer = client.start(flow, stays).await.expect("it starts");
    let inner = outer.add(leaf, texts(["fine"])).await.expect("added");
    inner.result().await.expect("it completes");
    eventually("it to end", async || {
        inner.info().await.expect("known").summary.state == FlowState::Completed
    })
    .await;
    let refusal = inner.remove().await.expect_err("refused");
    assert!(format!("{refusal:?}").contains("is a node of another flow"), "{refusal:?}");
    assert!(inner.info().await.is_ok(), "it stays");
    outer.cancel().await.expect("cancelled");
    eventually("it to be removed", async || outer.remove().await.is_ok()).await;
    // Without that it is nobody's, and would go by itself after a while.
    inner.remove().await.expect("removed");
    assert!(matches!(inner.info().await, Err(FlowError::Gone { .. })));
}

//! Flows that run again.

use jobqueue::{
    Flow, JobState,
    flow::{FlowError, FlowState, OnChildFailure},
};
use jobqueue_tests::wait::eventually;

use super::parts::{Board, end, leaf, leaves, seer, texts, top, tops, tree};
use crate::support::client;

#[tokio::test]
async fn a_retry_runs_what_did_not_complete() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let handle = tree(&client, ["a", "bad", "c"]).await;
    assert!(matches!(handle.retry().await, Err(FlowError::WrongState { .. })), "it runs");
    end(&handle).await.expect_err("a leaf is bad");
    eventually("it to end", async || {
        handle.info().await.expect("known").summary.state == FlowState::Failed
    })
    .await;
    let info = handle.info().await.expect("known");
    assert_eq!((info.cause.as_deref(), info.summary.failed), (Some("leaf 1"), 2));
    assert_eq!(board.take(), ["a", "bad", "c"]);
    board.mend();
    handle.retry().await.expect("it runs again");
    assert_eq!(end(&handle).await.expect("a result"), "top: a, bad, c");
    assert_eq!(board.take(), ["bad", "top"]);
    let info = handle.info().await.expect("known");
    let summary = &info.summary;
    let numbers = (summary.completed, summary.failed, summary.cancelled, summary.pending);
    assert_eq!((summary.state, numbers), (FlowState::Completed, (4, 0, 0, 0)));
    assert_eq!(info.cause, None);
    match handle.retry().await {
        Err(FlowError::WrongState { state: FlowState::Completed, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_end_of_an_older_job_counts_for_nothing() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let handle = tree(&client, ["bad"]).await;
    end(&handle).await.expect_err("a leaf is bad");
    let queue = client.queue("leaves").expect("a queue");
    let old = queue.jobs(JobState::Failed).ids(0, 9).await.expect("read").remove(0);
    // Still bad: the flow fails again, by another job.
    eventually("it to run again", async || handle.retry().await.is_ok()).await;
    end(&handle).await.expect_err("a leaf is bad");
    let ids = queue.jobs(JobState::Failed).ids(0, 9).await.expect("read");
    assert_eq!(ids.len(), 2, "{ids:?}");
    board.mend();
    queue.job(&old).retry().await.expect("retried by hand");
    eventually("the older job to complete", async || {
        queue.job(&old).state().await.expect("read") == Some(JobState::Completed)
    })
    .await;
    let info = handle.info().await.expect("known").summary;
    assert_eq!((info.state, info.completed), (FlowState::Failed, 0));
}

#[tokio::test]
async fn a_node_runs_again_with_all_after_it() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::new("again");
    let first = flow.all(leaf, texts(["a", "b"])).named("first");
    let other = flow.all(leaf, texts(["x"])).named("other");
    let middle = flow.all(top, texts(["m"])).named("middle").after(&first);
    let root = flow.node(top, "root".to_owned()).waits_for(&other).after(&middle);
    let handle = client.start(flow, root).await.expect("it starts");
    let result = end(&handle).await.expect("a result");
    assert_eq!(result, "root: m: a, b");
    board.take();
    for (from, runs) in [
        ("first 1", vec!["b", "m", "root"]),
        ("first", vec!["a", "b", "m", "root"]),
        ("middle", vec!["m", "root"]),
        ("top", vec!["root"]),
        ("other", vec!["root", "x"]),
    ] {
        handle.retry_from(from).await.expect("it runs again");
        assert_eq!(end(&handle).await.expect("a result"), result);
        assert_eq!(board.take(), runs, "{from}");
    }
    assert!(matches!(handle.retry_from("nobody").await, Err(FlowError::NoNode { .. })));
    assert!(matches!(handle.retry_from("first 2").await, Err(FlowError::NoNode { .. })));
}

#[tokio::test]
async fn a_cancelled_flow_runs_again() {
    let (client, board) = (client().await, Board::default());
    let handle = tree(&client, ["a", "b"]).await;
    handle.cancel().await.expect("cancelled");
    end(&handle).await.expect_err("cancelled");
    let _workers = (leaves(&client, &board), tops(&client, &board));
    eventually("it to run again", async || handle.retry().await.is_ok()).await;
    assert_eq!(end(&handle).await.expect("a result"), "top: a, b");
    assert_eq!(board.take(), ["a", "b", "top"]);
}

#[tokio::test]
async fn many_nodes_run_again_in_steps() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::unnamed();
    let name = |at: usize| if at.is_multiple_of(3) { format!("bad {at}") } else { format!("{at}") };
    let many = flow.all(leaf, (0..900).map(name)).on_failure(OnChildFailure::Continue);
    let root = flow.node(seer, "seer".to_owned()).after(many.settled());
    let handle = client.start(flow, root).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("a result"), "seer: 300 of 900 failed");
    board.mend();
    board.take();
    // Its root has completed, and so has the flow: what failed runs again alone.
    handle.retry().await.expect("it runs again");
    eventually("it to end", async || {
        handle.info().await.expect("known").summary.state == FlowState::Completed
    })
    .await;
    assert_eq!(board.take().len(), 300);
    assert_eq!(end(&handle).await.expect("a result"), "seer: 300 of 900 failed");
    handle.retry_from("seer").await.expect("it runs again");
    assert_eq!(end(&handle).await.expect("a result"), "seer: 0 of 900 failed");
}

#[tokio::test]
async fn a_flow_that_is_a_node_runs_again_with_its_flow() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let (flow, inner) = (Flow::unnamed(), Flow::unnamed());
    let parts = inner.all(leaf, texts(["x", "bad"]));
    let inner = flow.flow(inner, parts).named("inner");
    let leaves = flow.all(leaf, texts(["a"]));
    let root = flow.node(top, "root".to_owned()).waits_for(&inner).after(&leaves);
    let handle = client.start(flow, root).await.expect("it starts");
    end(&handle).await.expect_err("a part is bad");
    eventually("it to end", async || {
        handle.info().await.expect("known").summary.state == FlowState::Failed
    })
    .await;
    assert_eq!(board.take(), ["a", "bad", "x"]);
    board.mend();
    handle.retry().await.expect("it runs again");
    assert_eq!(end(&handle).await.expect("a result"), "root: a");
    assert_eq!(board.take(), ["bad", "root"]);
    // All of it, once it has completed.
    handle.retry_from("inner").await.expect("it runs again");
    assert_eq!(end(&handle).await.expect("a result"), "root: a");
    assert_eq!(board.take(), ["bad", "root", "x"]);
    let parts: Vec<String> = handle.node_result("inner").await.expect("a result");
    assert_eq!(parts, ["x", "bad"]);
}

/// Nodes that are many of none end as they begin, fail with those that they need, and run again.
#[tokio::test]
async fn many_of_none_are_waited_for_like_others() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    for policy in [OnChildFailure::Continue, OnChildFailure::Ignore, OnChildFailure::Fail] {
        let board = board.clone();
        let flow = Flow::unnamed();
        let bad = flow.all(leaf, texts(["bad"])).named("bad");
        let none = flow.all(leaf, Vec::new()).named("none").waits_for(&bad).on_failure(policy);
        let root = flow.node(top, "root".to_owned()).after(&none);
        let handle = client.start(flow, root).await.expect("it starts");
        let ended = end(&handle).await;
        assert_eq!(ended.is_ok(), policy != OnChildFailure::Fail, "{policy:?}: {ended:?}");
        eventually("it to end", async || {
            handle.info().await.expect("known").summary.state.is_final()
        })
        .await;
        board.take();
    }
    let flow = Flow::unnamed();
    let bad = flow.all(leaf, texts(["bad"])).named("bad");
    let none = flow.all(leaf, Vec::new()).named("none").waits_for(&bad);
    let handle = client.start(flow, none).await.expect("it starts");
    end(&handle).await.expect_err("what the root needs is bad");
    board.mend();
    eventually("it to run again", async || handle.retry().await.is_ok()).await;
    let empty: Vec<String> = end(&handle).await.expect("a result");
    assert!(empty.is_empty());
}

//! Nodes of flows together with what jobs have otherwise.

use std::time::Duration;

use jobqueue::{
    Client, DurationExt as _, Error, Failure, Flow, JobState, Rate, Retain,
    error::FailureReason,
    find::JobFilter,
    flow::{FlowError, FlowState},
    job,
};
use jobqueue_tests::{server::RedisServer, wait::eventually};

use super::parts::{Board, end, leaf, leaves, texts, top, tops, tree};
use crate::support::{Running, client, client_of, worker};

#[job(queue = "leaves", at_most_once)]
async fn careless(_: ()) -> String {
    String::new()
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Named {
    name: u32,
}

#[job(queue = "leaves", unique(by = "named.name"))]
async fn alone(named: Named) -> String {
    named.name.to_string()
}

async fn refusal<T>(
    client: &Client,
    flow: Flow,
    root: impl jobqueue::flow::Root<Output = T>,
) -> String {
    match client.start(flow, root).await {
        Err(error @ Error::Invalid(_)) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it has started"),
    }
}

#[tokio::test]
async fn what_a_node_cannot_be_is_refused_before_anything_is_sent() {
    let client = client().await;
    let flow = Flow::unnamed();
    let node = flow.node(careless, ());
    let text = refusal(&client, flow, node).await;
    assert!(text.contains("runs at most once"), "{text}");
    let flow = Flow::unnamed();
    let node = flow.node(alone, Named { name: 7 });
    let text = refusal(&client, flow, node).await;
    assert!(text.contains("unique key"), "{text}");
    assert!(client.queue("leaves").expect("a queue").flows().all().await.expect("read").is_empty());
}

/// The ids of the jobs of leaves, once there are so many.
async fn ids(client: &Client, state: JobState, count: usize) -> Vec<jobqueue::JobId> {
    let queue = client.queue("leaves").expect("a queue");
    eventually("the jobs", async || {
        let ids = queue.jobs(state).ids(0, 99).await.expect("read");
        (ids.len() == count).then_some(ids)
    })
    .await
}

#[tokio::test]
async fn priorities_delays_tags_and_times_to_live_are_those_of_the_jobs() {
    let (client, board) = (client().await, Board::default());
    let queue = client.queue("leaves").expect("a queue");
    let flow = Flow::unnamed();
    let first = flow.node(leaf, "urgent".to_owned()).priority(-5).tag("customer:7");
    let late = flow.node(leaf, "late".to_owned()).delay(200.millis());
    let short = flow.node(leaf, "short".to_owned()).ttl(30.millis());
    let root = flow.node(top, "top".to_owned()).waits_for((&first, &late, &short));
    let nodes = [first, late, short];
    drop(nodes);
    let handle = client.start(flow, root).await.expect("it starts");
    let urgent = ids(&client, JobState::Waiting, 2).await;
    let info = queue.job(&urgent[0]).info().await.expect("read");
    assert_eq!(info.priority, -5);
    assert!(info.record.options.tags.contains("customer:7"));
    let mut found = queue.find(JobFilter::new().tag("customer:7"));
    assert_eq!(found.next().await.expect("a job").expect("read").id, urgent[0]);
    assert_eq!(ids(&client, JobState::Delayed, 1).await.len(), 1);
    tokio::time::sleep(40.millis()).await;
    let _workers = (leaves(&client, &board), tops(&client, &board));
    match end(&handle).await {
        Err(FlowError::Failed { failure, .. }) => {
            assert_eq!(failure.reason, FailureReason::Expired)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pause_a_rate_and_a_full_queue_hold_nodes_and_lose_none() {
    let (client, board) = (client().await, Board::default());
    let queue = client.queue("leaves").expect("a queue");
    queue.create().await.expect("there");
    queue.pause().await.expect("paused");
    queue.set_limits().max_length(2).rate(Rate::new(100, 1.seconds())).await.expect("set");
    let _workers = (leaves(&client, &board), tops(&client, &board));
    // They were accepted when the flow was: its length refuses none.
    let handle = tree(&client, ["a", "b", "c", "d", "e"]).await;
    ids(&client, JobState::Waiting, 5).await;
    assert_eq!(board.count(), 0);
    queue.resume().await.expect("resumed");
    assert_eq!(end(&handle).await.expect("a result"), "top: a, b, c, d, e");
}

#[tokio::test]
async fn jobs_of_nodes_are_received_by_hand() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let queue = client.queue("leaves").expect("a queue");
    let handle = tree(&client, ["a", "b"]).await;
    ids(&client, JobState::Waiting, 2).await;
    for delivery in queue.receive(2, 2.seconds()).await.expect("received") {
        let what: String = delivery.payload().expect("a text");
        delivery.complete_with(&format!("{what} by hand")).await.expect("completed");
    }
    assert_eq!(end(&handle).await.expect("a result"), "top: a by hand, b by hand");
}

#[tokio::test]
async fn jobs_of_nodes_are_moved_edited_and_snoozed() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let queue = client.queue("leaves").expect("a queue");
    let flow = Flow::unnamed();
    let all = flow.all(leaf, texts(["edited", "snooze"]));
    let moved = flow.all(leaf, texts(["moved"])).tag("moved");
    let root = flow.node(top, "top".to_owned()).waits_for(&moved).after(&all);
    let handle = client.start(flow, root).await.expect("it starts");
    let waiting = ids(&client, JobState::Waiting, 3).await;
    queue.job(&waiting[0]).edit_payload("new").await.expect("edited");
    let other = client.queue("others").expect("a queue");
    queue.find(JobFilter::new().tag("moved")).move_to(&other).await.expect("moved");
    eventually("the job to arrive", async || other.counts().await.expect("read").waiting == 1)
        .await;
    let _leaves = leaves(&client, &board);
    let moved = other.receive(1, 2.seconds()).await.expect("received").remove(0);
    moved.complete_with("moved").await.expect("completed");
    assert_eq!(handle.node_result::<String>("leaf").await.ok(), None, "two are called so");
    assert_eq!(end(&handle).await.expect("a result"), "top: new, snooze");
}

#[job(queue = "leaves", attempts = 1, dead_letter = "dead")]
async fn buried(_: ()) -> Result<String, Failure> {
    Err(Failure::permanent("no"))
}

/// The flow hears of the failure, and not of what its letter comes to.
#[tokio::test]
async fn a_dead_letter_that_is_redriven_changes_nothing() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let running = Running::start(worker(&client).handler(buried));
    let flow = Flow::unnamed();
    let lost = flow.all(buried, [()]);
    let root = flow.node(top, "top".to_owned()).after(&lost);
    let handle = client.start(flow, root).await.expect("it starts");
    match end(&handle).await {
        Err(FlowError::Failed { node, failure, .. }) => {
            assert_eq!((&node[..], failure.reason), ("buried", FailureReason::Permanent));
        }
        other => panic!("{other:?}"),
    }
    running.stop().await;
    let dead = client.dead_letters("dead").expect("a queue");
    dead.wait_for(1).await.expect("it arrives");
    dead.redrive().await.expect("redriven");
    let queue = client.queue("leaves").expect("a queue");
    eventually("it to come back", async || queue.counts().await.expect("read").waiting == 1).await;
    let back = queue.receive(1, 2.seconds()).await.expect("received").remove(0);
    back.complete_with("mended").await.expect("completed");
    let info = handle.info().await.expect("known").summary;
    assert_eq!((info.state, info.completed), (FlowState::Failed, 0));
}

#[tokio::test]
async fn a_shutdown_gives_jobs_of_nodes_back() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let first = Running::start(worker(&client).handler(leaf).state(board.clone()).prefetch(4));
    let handle = tree(&client, ["stay", "a", "b", "c"]).await;
    eventually("a run", async || board.count() >= 4).await;
    board.mend();
    first.stop_within(Duration::ZERO).await;
    let _second = leaves(&client, &board);
    assert_eq!(end(&handle).await.expect("a result"), "top: stay, a, b, c");
}

/// Nothing of them is kept in their queues: the flow has their results.
#[tokio::test]
async fn results_are_kept_by_the_flow_and_not_by_the_queue() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::unnamed();
    let leaves = flow.all(leaf, texts(["a", "b"])).retain(Retain::none());
    let root = flow.node(top, "top".to_owned()).after(&leaves).retain(Retain::none());
    let handle = client.start(flow, root).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("a result"), "top: a, b");
    assert_eq!(handle.node_result::<String>("leaf 1").await.expect("a result"), "b");
    let counts = client.queue("leaves").expect("a queue").counts().await.expect("read");
    assert_eq!(counts.completed, 0);
}

/// Its scripts are forgotten between any two calls.
#[tokio::test]
async fn scripts_that_are_forgotten_are_loaded_again() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let mut connection = crate::support::raw(&server.url()).await;
    for _ in 0..5 {
        let handle = tree(&client, ["a", "bad"]).await;
        let () =
            redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.expect("done");
        end(&handle).await.expect_err("a leaf is bad");
        let () =
            redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.expect("done");
        eventually("it to be removed", async || handle.remove().await.is_ok()).await;
    }
}

#[tokio::test]
async fn flows_run_on_the_embedded_server() {
    let (client, board) = (client_of("embedded:").await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let handle = tree(&client, ["a", "bad", "c"]).await;
    end(&handle).await.expect_err("a leaf is bad");
    board.mend();
    eventually("it to run again", async || handle.retry().await.is_ok()).await;
    assert_eq!(end(&handle).await.expect("a result"), "top: a, bad, c");
    eventually("it to be removed", async || handle.remove().await.is_ok()).await;
}

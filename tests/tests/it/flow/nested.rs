//! Flows that are nodes of flows that are nodes of flows.

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, Flow, Queue, State,
    flow::{FlowError, FlowState, OnChildFailure},
    job,
};
use jobqueue_tests::{shared, wait::eventually};
use serde::{Deserialize, Serialize};

use super::parts::{Board, end, leaf, leaves, texts, top, tops};
use crate::support::{Running, client, client_and_base, raw, worker};

#[job(queue = "calls")]
async fn called(what: String, board: State<Board>) {
    board.note(what);
}

#[derive(Deserialize, Serialize)]
struct Named {
    order: u32,
}

#[job(queue = "calls", unique(by = "named.order"))]
async fn alone(named: Named) -> u32 {
    named.order
}

fn calls(client: &Client, board: &Board) -> Running {
    Running::start(worker(client).handler(called).state(board.clone()))
}

/// A flow in a flow in a flow. The second begins when a node has ended; the innermost when another has.
fn thrice() -> (Flow, jobqueue::flow::Node<String, impl jobqueue::flow::HasInputs>) {
    let inner = Flow::unnamed();
    let inner_leaf = inner.node(leaf, "inner".to_owned());
    let middle = Flow::unnamed();
    let first = middle.node(leaf, "middle".to_owned());
    let innermost = middle.flow(inner, inner_leaf).waits_for(&first);
    let outer = Flow::new("thrice");
    let slow = outer.node(leaf, "outer".to_owned());
    let root = outer.flow(middle, innermost).waits_for(&slow);
    (outer, root)
}

/// How many keys of flows lapse by themselves, of how many.
async fn lapsing(base: &str) -> (usize, usize) {
    let mut connection = raw(shared::url()).await;
    let pattern = format!("{}flow:*", base.replace('{', "\\{"));
    let mut keys = redis::cmd("KEYS");
    let keys: Vec<String> = keys.arg(pattern).query_async(&mut connection).await.expect("the keys");
    let mut lapsing = 0;
    for key in keys.iter().filter(|key| !key.ends_with(":ids")) {
        let left: i64 =
            redis::cmd("PTTL").arg(key).query_async(&mut connection).await.expect("a time");
        lapsing += usize::from(left >= 0);
    }
    (lapsing, keys.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_innermost_lapses_no_sooner_than_the_outermost() {
    let (client, base) = client_and_base("leaves").await;
    let board = Board::default();
    let queue = client.queue("leaves").expect("a name");
    queue.create().await.expect("made");
    queue.pause().await.expect("paused");
    let (flow, root) = thrice();
    let handle = client.start(flow, root).await.expect("it starts");
    eventually("no key to lapse", async || lapsing(&base).await.0 == 0).await;
    assert!(lapsing(&base).await.1 >= 10, "{:?}", lapsing(&base).await);
    queue.resume().await.expect("resumed");
    let _worker = leaves(&client, &board);
    assert_eq!(end(&handle).await.expect("it completes"), "inner");
    assert_eq!(board.take(), ["inner", "middle", "outer"]);
    eventually("all keys to lapse", async || {
        let (lapsing, all) = lapsing(&base).await;
        lapsing > 0 && lapsing + 1 >= all
    })
    .await;
}

/// The outer one ends before the middle one has begun.
#[tokio::test(flavor = "multi_thread")]
async fn what_never_began_lapses_with_the_outermost() {
    let (client, base) = client_and_base("leaves").await;
    let board = Board::default();
    let (flow, root) = thrice();
    let handle = client.start(flow, root).await.expect("it starts");
    handle.cancel().await.expect("cancelled");
    let _worker = leaves(&client, &board);
    assert!(matches!(end(&handle).await, Err(FlowError::Cancelled { .. })));
    eventually("all keys to lapse", async || {
        let (lapsing, all) = lapsing(&base).await;
        lapsing > 0 && lapsing + 1 >= all
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_of_an_inner_flow_counts_from_when_it_begins() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let inner = Flow::unnamed().deadline_in(300.millis());
    let stays = inner.node(leaf, "stay".to_owned());
    let outer = Flow::unnamed();
    let inner = outer.flow(inner, stays);
    let leaves = outer.all(leaf, texts(["fine"])).on_failure(OnChildFailure::Fail);
    let root = outer.node(top, "top".to_owned()).after(&leaves).waits_for(&inner);
    let handle = client.start(outer, root).await.expect("it starts");
    assert!(matches!(end(&handle).await, Err(FlowError::Failed { .. })), "the inner one is late");
}

async fn refused(client: &Client, flow: Flow) -> String {
    let refusal = client.start(flow, ()).await.expect_err("it can't be");
    let Error::Invalid(refusal) = refusal else { panic!("{refusal}") };
    refusal.to_string()
}

#[tokio::test]
async fn what_a_flow_cannot_be_is_refused_before_anything_is_sent() {
    let client = client().await;
    let flow = Flow::unnamed();
    let inner = Flow::unnamed();
    let _ = inner.node(leaf, "x".to_owned());
    let _ = flow.flow(inner, ()).delay(3.seconds());
    let text = refused(&client, flow).await;
    assert!(text.contains("a node that is a flow has a delay"), "{text}");

    let mut flow = Flow::unnamed();
    for _ in 0..100 {
        let outer = Flow::unnamed();
        let _ = outer.flow(flow, ());
        flow = outer;
    }
    let text = refused(&client, flow).await;
    assert!(text.contains("more than 100 levels of flows in flows"), "{text}");

    for name in ["two\nlines", &"long".repeat(51)] {
        let flow = Flow::unnamed();
        let _ = flow.node(leaf, "x".to_owned()).named(name);
        let text = refused(&client, flow).await;
        assert!(text.contains("can't be the name of a node"), "{text}");
    }

    let flow = Flow::batch("callbacks").on_complete(alone, Named { order: 1 });
    let text = refused(&client, flow).await;
    assert!(text.contains("declares a unique key, which what follows from a flow can't"), "{text}");
    let leaves: Queue = client.queue("leaves").expect("a name");
    assert!(!leaves.exists().await.expect("asked"), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_ignored_is_no_death() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), calls(&client, &board));
    let flow = Flow::batch("ignoring")
        .on_success(called, "success".to_owned())
        .on_complete(called, "complete".to_owned())
        .on_death(called, "death".to_owned());
    let _ = flow.node(leaf, "bad".to_owned()).on_failure(OnChildFailure::Ignore);
    let handle = client.start(flow, ()).await.expect("it starts");
    end(&handle).await.expect("it completes");
    let state = handle.info().await.expect("known").summary.state;
    assert_eq!(state, FlowState::Completed);
    eventually("the jobs that follow", async || board.count() == 3).await;
    assert_eq!(board.take(), ["bad", "complete", "success"]);
    let calls = client.queue("calls").expect("a name");
    assert_eq!(calls.counts().await.expect("read").total_added, 2);
}

#[job(queue = "calls")]
async fn counted(
    flow: String,
    ctx: Context,
    client: State<Client>,
    board: State<Board>,
) -> Result<(), Failure> {
    if ctx.flow().is_some() {
        return Err(Failure::permanent("it is no node"));
    }
    let home = client.0.queue("leaves").map_err(Failure::retry)?;
    let flow = home.flow(&flow).await.map_err(Failure::retry)?;
    let flow = flow.ok_or_else(|| Failure::permanent("it is gone"))?;
    let counts = flow.info().await.map_err(Failure::retry)?.summary;
    board.note(format!("{} of {}", counts.completed, counts.nodes));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_finds_the_counts_and_does_not_follow_again() {
    let (client, board) = (client().await, Board::default());
    let _leaves = leaves(&client, &board);
    let calls = worker(&client).handler(called).handler(counted).state(board.clone());
    let _calls = Running::start(calls.state(client.clone()));
    let flow = Flow::batch("counted")
        .on_success(called, "success".to_owned())
        .on_complete(counted, "counted".to_owned())
        .on_death(called, "death".to_owned());
    let _ = flow.all(leaf, texts(["a", "bad"]));
    let handle = client.start(flow, ()).await.expect("it starts");
    end(&handle).await.expect_err("a leaf is bad");
    eventually("what follows", async || board.count() == 4).await;
    assert_eq!(board.take(), ["1 of 2", "a", "bad", "death"]);
    board.mend();
    eventually("it to run again", async || handle.retry().await.is_ok()).await;
    end(&handle).await.expect("it completes");
    eventually("what follows from a success", async || board.count() == 2).await;
    assert_eq!(board.take(), ["bad", "success"]);
    let calls = client.queue("calls").expect("a name");
    assert_eq!(calls.counts().await.expect("read").total_added, 3, "nothing follows twice");
}

//! What is read of flows.

use std::collections::BTreeMap;

use jobqueue::{
    Context, Failure, Flow, JobState, State,
    flow::{FlowError, FlowEvent, FlowState, OnChildFailure},
    job,
};
use jobqueue_tests::wait::eventually;

use super::parts::{Board, end, leaf, leaves, seer, texts, top, tops, tree};
use crate::support::{Running, client, worker};

fn numbers(nodes: &[jobqueue::flow::NodeInfo]) -> BTreeMap<String, Option<JobState>> {
    nodes.iter().map(|node| (node.node.clone(), node.state)).collect()
}

#[tokio::test]
async fn nodes_are_shown_in_their_states() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let handle = tree(&client, ["fine", "stay", "bad"]).await;
    let state = |states: [Option<JobState>; 4]| -> BTreeMap<String, Option<JobState>> {
        let names = ["leaf 0", "leaf 1", "leaf 2", "top"].map(str::to_owned);
        names.into_iter().zip(states).collect()
    };
    let (wait, up) = (Some(JobState::Waiting), Some(JobState::WaitingChildren));
    let shown = async || numbers(&handle.nodes().all().await.expect("read"));
    eventually("the leaves to wait", async || shown().await == state([wait, wait, wait, up])).await;
    let info = handle.info().await.expect("known");
    assert_eq!((info.waiting_children, info.queued, info.summary.pending), (1, 3, 4));
    let _leaves = leaves(&client, &board);
    let (done, runs, lost) =
        (Some(JobState::Completed), Some(JobState::Active), Some(JobState::Failed));
    eventually("all but one to end", async || shown().await == state([done, runs, lost, lost]))
        .await;
    let nodes = handle.nodes().all().await.expect("read");
    assert!(nodes[1].worker.is_some() && nodes[1].started_at.is_some());
    assert_eq!(nodes[1].queue.as_ref().map(AsRef::as_ref), Some("leaves"));
    let json = serde_json::to_value(&nodes[3]).expect("json");
    assert_eq!(json["state"], "failed");
    assert_eq!(serde_json::to_value(up).expect("json"), "waiting-children");
    handle.cancel().await.expect("cancelled");
}

#[tokio::test]
async fn a_flow_says_what_it_waits_for() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let handle = tree(&client, ["fine", "fine"]).await;
    let blockers = eventually("the leaves to wait", async || {
        let blockers = handle.stuck().await.expect("read");
        let there = blockers.iter().all(|blocker| blocker.node.state.is_some());
        (blockers.len() == 2 && there).then_some(blockers)
    })
    .await;
    let text = blockers[1].to_string();
    assert!(text.starts_with("leaf 1 in queue leaves is waiting since "), "{text}");
    assert!(text.ends_with("; the queue has no worker"), "{text}");
    client.queue("leaves").expect("a queue").pause().await.expect("paused");
    let text = handle.stuck().await.expect("read")[0].to_string();
    assert!(text.ends_with("; the queue is paused"), "{text}");
    client.queue("leaves").expect("a queue").resume().await.expect("resumed");
    let _leaves = leaves(&client, &board);
    end(&handle).await.expect("a result");
    assert_eq!(handle.stuck().await.expect("read"), []);
}

#[tokio::test]
async fn a_graph_has_its_numbers_and_its_critical_path() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::new("drawn");
    let quick = flow.all(leaf, texts(["a", "b"])).named("quick");
    let slow = flow.all(leaf, texts(["snooze"])).named("slow").on_failure(OnChildFailure::Ignore);
    let root = flow.node(top, "root".to_owned()).waits_for(&slow).after(&quick).named("report");
    let handle = client.start(flow, root).await.expect("it starts");
    end(&handle).await.expect("a result");
    let graph = handle.graph().await.expect("read");
    assert_eq!(graph.to_string(), "report: completed\n  slow: completed\n  quick: 2 completed\n");
    assert!(graph.to_mermaid().contains("quick × 2<br/>2 completed"), "{}", graph.to_mermaid());
    let path = graph.critical_path();
    let names: Vec<&str> = path.iter().map(|step| &step.node[..]).collect();
    assert_eq!(names, ["slow", "report"]);
    assert!(path[0].ended_at > path[0].ready_at && path[1].ready_at == path[0].ended_at);
    assert_eq!(serde_json::to_value(&graph).expect("json")["nodes"][0]["count"], 2);
}

#[tokio::test]
async fn results_are_found_by_name() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let flow = Flow::unnamed().on_failure(OnChildFailure::Continue);
    let pages = flow.all(leaf, texts(["a", "bad", "c"])).named("pages");
    let more = flow.node(leaf, "stay".to_owned()).named("more");
    let root = flow.node(seer, "root".to_owned()).waits_for(&more).after(pages.settled());
    let handle = client.start(flow, root).await.expect("it starts");
    let mut found = Vec::new();
    eventually("the pages to end", async || {
        handle.info().await.expect("known").summary.pending == 2
    })
    .await;
    let mut pages = handle.results::<String>("pages");
    while let Some(page) = pages.next().await {
        found.push(page.map_err(|error| error.to_string()));
    }
    assert_eq!(found[0], Ok("a".to_owned()));
    assert!(found[1].as_ref().is_err_and(|text| text.contains("failed at its node pages 1")));
    assert_eq!((found.len(), &found[2]), (3, &Ok("c".to_owned())));
    assert_eq!(handle.node_result::<String>("pages 2").await.expect("a result"), "c");
    assert!(matches!(handle.node_result::<String>("more").await, Err(FlowError::Pending { .. })));
    assert!(matches!(handle.node_result::<u8>("pages 0").await, Err(FlowError::Error(_))));
    assert!(matches!(handle.node_result::<String>("no").await, Err(FlowError::NoNode { .. })));
    handle.cancel().await.expect("cancelled");
}

/// Reads its inputs one by one.
#[job(queue = "tops")]
async fn reader(_: (), ctx: Context, board: State<Board>) -> Result<String, Failure> {
    let Some(flow) = ctx.flow() else { return Err(Failure::permanent("no node")) };
    let id = flow.id().await.map_err(Failure::retry)?;
    let name = flow.name().await.map_err(Failure::retry)?;
    board.note(format!("{name} of {id} at {}", flow.home()));
    let all = flow.inputs_of::<String>("pages").all().await.map_err(Failure::retry)?;
    Ok(all.join("+"))
}

#[tokio::test]
async fn a_run_knows_its_flow() {
    let (client, board) = (client().await, Board::default());
    let _leaves = leaves(&client, &board);
    let _tops = Running::start(worker(&client).handler(reader).state(board.clone()));
    let flow = Flow::new("known");
    let pages = flow.all(leaf, texts(["a", "b"])).named("pages");
    let root = flow.node(reader, ()).waits_for(&pages);
    let handle = client.start(flow, root).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("a result"), "a+b");
    assert!(board.take().contains(&"reader of known at tops".to_owned()));
    let plain = client.add(reader, ()).await.expect("added");
    plain.result().await.expect_err("it is no node");
}

#[tokio::test]
async fn a_home_lists_its_flows() {
    let (client, board) = (client().await, Board::default());
    let _workers = (leaves(&client, &board), tops(&client, &board));
    let home = client.queue("tops").expect("a queue");
    let (done, stays) = (tree(&client, ["a"]).await, tree(&client, ["stay"]).await);
    end(&done).await.expect("a result");
    let listed = home.flows().all().await.expect("read");
    let of = |id: &jobqueue::flow::FlowId| {
        listed.iter().find(|flow| flow.id == *id).expect("it is listed")
    };
    assert_eq!((listed.len(), of(done.id()).state), (2, FlowState::Completed));
    assert_eq!((of(stays.id()).state, of(stays.id()).pending), (FlowState::Running, 2));
    assert!(client.queue("leaves").expect("a queue").flows().all().await.expect("read").is_empty());
    stays.cancel().await.expect("cancelled");
}

#[tokio::test]
async fn what_happens_in_a_flow_is_told() {
    let (client, board) = (client().await, Board::default());
    let _tops = tops(&client, &board);
    let handle = tree(&client, ["a", "bad"]).await;
    let mut events = handle.events().await.expect("opened");
    let _leaves = leaves(&client, &board);
    let mut all = Vec::new();
    let reading = async {
        while let Some(event) = events.next().await {
            all.push(event.expect("no error"));
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(4), reading).await.expect("it ends");
    let ended = |node: &str, state| FlowEvent::NodeEnded { node: node.to_owned(), state };
    for event in [
        ended("leaf 0", JobState::Completed),
        ended("leaf 1", JobState::Failed),
        FlowEvent::NodesSkipped { node: "top".to_owned() },
    ] {
        assert!(all.contains(&event), "{event:?} in {all:?}");
    }
    assert_eq!(all.last(), Some(&FlowEvent::Ended { state: FlowState::Failed }));
    // From then on, that alone.
    let later = handle.events().await.expect("opened").all().await.expect("read");
    assert_eq!(later, [FlowEvent::Ended { state: FlowState::Failed }]);
}

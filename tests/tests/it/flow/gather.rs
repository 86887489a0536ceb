//! A message within a flow: those that are bound to its topic answer, and the answers are gathered.

use std::collections::BTreeMap;

use jobqueue::{
    Client, DurationExt as _, Error, Failure, Flow, JobState, State,
    error::JobFailure,
    flow::{FlowError, FlowState, Inputs, OnChildFailure},
    job,
    topic::Filter,
};
use jobqueue_tests::wait::eventually;

use super::parts::{Board, end};
use crate::support::{Running, client, worker};

#[job(queue = "north", attempts = 1)]
async fn north(parcel: u32, board: State<Board>) -> Result<u32, Failure> {
    board.note("north");
    match parcel {
        0 => Err(Failure::permanent("nothing to send")),
        parcel => Ok(7 * parcel),
    }
}

#[job(queue = "post", attempts = 1)]
async fn post(parcel: u32, board: State<Board>) -> u32 {
    board.note("post");
    5 + parcel
}

/// In the same queue as another.
#[job(queue = "post", attempts = 1)]
async fn express(parcel: u32, board: State<Board>) -> u32 {
    board.note("express");
    90 + parcel
}

#[job(queue = "post", at_most_once)]
async fn hasty(_: u32) -> u32 {
    0
}

#[job(queue = "parcels")]
async fn cheapest(_: (), quotes: Inputs<Vec<u32>>) -> Vec<u32> {
    quotes.0
}

#[job(queue = "parcels")]
async fn any(_: (), quotes: Inputs<Vec<Result<u32, JobFailure>>>) -> Vec<Option<u32>> {
    quotes.0.into_iter().map(Result::ok).collect()
}

#[job(queue = "parcels", steps)]
async fn ask(parcel: u32, ctx: jobqueue::Context) -> Result<Vec<u32>, Failure> {
    let flow = Flow::unnamed();
    let quotes = flow.publish::<u32>("quotes", "quote.asked", parcel);
    Ok(ctx.spawn_children("quotes", flow, quotes).await?)
}

async fn bind(client: &Client, bindings: &[(&str, &str, &str)]) {
    for (queue, pattern, job) in bindings {
        let topic = client.topic("quotes").expect("a topic");
        topic.bind(queue, pattern).job(job).await.expect("bound");
    }
}

const ALL: [(&str, &str, &str); 3] = [
    ("post", "quote.*", "post"),
    ("post", "quote.asked", "express"),
    ("north", "quote.asked", "north"),
];

fn carriers(client: &Client, board: &Board) -> Running {
    let worker = worker(client).handler(north).handler(post).handler(express).handler(hasty);
    Running::start(worker.handler(cheapest).handler(any).handler(ask).state(board.clone()))
}

#[tokio::test]
async fn all_that_are_bound_answer_each_once() {
    let (client, board) = (client().await, Board::default());
    bind(&client, &ALL).await;
    // Twice for the same job, another topic's key, and one that a filter keeps away.
    bind(&client, &[("north", "#", "north"), ("south", "quote.sold", "south")]).await;
    let topic = client.topic("quotes").expect("a topic");
    let eu = Filter::header("region").equals("eu");
    topic.bind("island", "quote.asked").job("island").filter(eu).await.expect("bound");
    let _carriers = carriers(&client, &board);
    let flow = Flow::new("parcel");
    let quotes =
        flow.publish::<u32>("quotes", "quote.asked", 3_u32).header("region", "us").tag("p:3");
    let best = flow.node(cheapest, ()).after(&quotes);
    let handle = client.start(flow, best).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("quotes"), [21, 93, 8]);
    assert_eq!(board.take(), ["express", "north", "post"]);
    let mut nodes = BTreeMap::new();
    let mut all = handle.nodes();
    while let Some(node) = all.next().await {
        let node = node.expect("read");
        nodes.insert(node.node, node.queue.expect("a queue").to_string());
    }
    let name = |at: u32| format!("quote.asked {at}");
    let expected = [(name(0), "north"), (name(1), "post"), (name(2), "post")];
    let expected = expected.into_iter().chain([("cheapest".to_owned(), "parcels")]);
    assert_eq!(nodes, expected.map(|(node, queue)| (node, queue.to_owned())).collect());
    let queues: Vec<String> =
        handle.queues().await.expect("read").iter().map(ToString::to_string).collect();
    assert_eq!(queues, ["north", "parcels", "post"]);
    let graph = handle.graph().await.expect("read");
    assert_eq!((graph.nodes[0].count, graph.nodes[0].queues.len()), (3, 2));
    let mut results = handle.results::<u32>("quote.asked");
    assert_eq!(results.next().await.expect("one").expect("a result"), 21);
}

#[tokio::test]
async fn nobody_is_bound_or_not_all_answer() {
    let (client, board) = (client().await, Board::default());
    let _carriers = carriers(&client, &board);
    let flow = Flow::unnamed();
    let quotes = flow.publish::<u32>("quotes", "quote.asked", 0_u32);
    let best = flow.node(cheapest, ()).after(&quotes);
    let handle = client.start(flow, best).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("no quotes"), [0; 0]);
    bind(&client, &ALL).await;
    let flow = Flow::unnamed().on_failure(OnChildFailure::Continue);
    let quotes = flow.publish::<u32>("quotes", "quote.asked", 0_u32);
    let all = flow.node(any, ()).after(quotes.settled());
    let handle = client.start(flow, all).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("quotes"), [None, Some(90), Some(5)]);
}

#[tokio::test]
async fn one_that_runs_at_most_once_is_a_failure_and_holds_nobody_up() {
    let (client, board) = (client().await, Board::default());
    bind(&client, &[("post", "#", "hasty")]).await;
    let _carriers = carriers(&client, &board);
    let flow = Flow::unnamed().home("asked");
    let quotes = flow.publish::<u32>("quotes", "quote.asked", 1_u32);
    let handle = client.start(flow, quotes).await.expect("it starts");
    match end(&handle).await {
        Err(FlowError::Failed { failure, .. }) => {
            assert!(failure.message.contains("at most once"), "{failure:?}")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_flow_of_a_message_alone_says_where_it_lives() {
    let (client, board) = (client().await, Board::default());
    bind(&client, &ALL).await;
    let flow = Flow::unnamed();
    let quotes = flow.publish::<u32>("quotes", "quote.asked", 2_u32);
    match client.start(flow, quotes).await {
        Err(error @ Error::Invalid(_)) => {
            let text = format!("{error:?}");
            assert!(text.contains("flow.home(queue)"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    for wrong in [("{quotes}", "quote.asked"), ("quotes", "quote..asked")] {
        let flow = Flow::unnamed().home("asked");
        let quotes = flow.publish::<u32>(wrong.0, wrong.1, 2_u32);
        assert!(matches!(client.start(flow, quotes).await, Err(Error::Invalid(_))), "{wrong:?}");
    }
    let _carriers = carriers(&client, &board);
    let flow = Flow::new("alone").home("asked");
    let quotes = flow.publish::<u32>("quotes", "quote.asked", 2_u32);
    let handle = client.start(flow, quotes).await.expect("it starts");
    assert_eq!(handle.home().as_str(), "asked");
    assert_eq!(end(&handle).await.expect("quotes"), [14, 92, 7]);
}

#[tokio::test]
async fn a_job_asks_all_that_are_bound_and_goes_on_with_their_answers() {
    let (client, board) = (client().await, Board::default());
    bind(&client, &ALL).await;
    let _carriers = carriers(&client, &board);
    let job = client.add(ask, 4).await.expect("added");
    let quotes = tokio::time::timeout(4.seconds(), job.result()).await.expect("at once");
    assert_eq!(quotes.expect("quotes"), [28, 94, 9]);
}

/// How many jobs wait in a queue.
async fn waiting(client: &Client, queue: &str) -> u64 {
    let queue = client.queue(queue).expect("a queue");
    queue.counts().await.expect("read").waiting
}

#[tokio::test]
async fn a_cancellation_and_a_retry_reach_all_queues_of_the_copies() {
    let (client, board) = (client().await, Board::default());
    bind(&client, &ALL).await;
    let flow = Flow::unnamed();
    let quotes = flow.publish::<u32>("quotes", "quote.asked", 2_u32);
    let best = flow.node(cheapest, ()).after(&quotes);
    let handle = client.start(flow, best).await.expect("it starts");
    let sent = || async { (waiting(&client, "north").await, waiting(&client, "post").await) };
    eventually("the copies", async || (sent().await == (1, 2)).then_some(())).await;
    let stuck = handle.stuck().await.expect("read");
    let queues: Vec<&str> =
        stuck.iter().filter_map(|it| Some(it.node.queue.as_ref()?.as_str())).collect();
    assert_eq!(queues, ["north", "post", "post"]);
    assert!(stuck.iter().all(|it| it.node.state == Some(JobState::Waiting)), "{stuck:?}");
    handle.cancel().await.expect("cancelled");
    eventually("its end", async || {
        let info = handle.info().await.expect("read");
        (info.summary.state == FlowState::Cancelled).then_some(())
    })
    .await;
    assert_eq!(sent().await, (0, 0));
    handle.retry().await.expect("it runs again");
    eventually("the copies", async || (sent().await == (1, 2)).then_some(())).await;
    let _carriers = carriers(&client, &board);
    assert_eq!(end(&handle).await.expect("quotes"), [14, 92, 7]);
}

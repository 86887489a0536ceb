//! Graphs of jobs: who waits for whom, and what they get.

use std::time::Duration;

use crate::support::{Running, client, worker};
use jobqueue::{
    Client, Failure, Flow, FlowHandle,
    error::{FailureReason, JobFailure},
    flow::{FlowError, Inputs, OnChildFailure},
    job,
};
use jobqueue_tests::wait::at_once;
use serde::de::DeserializeOwned;

#[job(queue = "pages", attempts = 1)]
async fn render(page: u32) -> Result<String, Failure> {
    match page {
        13 => Err(Failure::permanent("an unlucky page")),
        page => Ok(format!("page {page}")),
    }
}

#[job(queue = "images")]
async fn paint(count: u32) -> u32 {
    count
}

#[job(queue = "reports")]
async fn assemble(title: String, inputs: Inputs<(Vec<String>, u32)>) -> String {
    let (pages, images) = inputs.0;
    format!("{title}: {} + {images}", pages.join(", "))
}

#[job(queue = "reports")]
async fn bind(title: String, pages: Inputs<Vec<Result<String, JobFailure>>>) -> String {
    let failed = pages.iter().filter(|page| page.is_err()).count();
    format!("{title}: {} pages, {failed} failed", pages.len())
}

#[job(queue = "reports")]
async fn count(_: (), pages: Inputs<Vec<String>>) -> usize {
    pages.len()
}

/// The result of a flow, or why there is none, at once.
async fn end<T: DeserializeOwned>(handle: &FlowHandle<T>) -> Result<T, FlowError> {
    let end = tokio::time::timeout(Duration::from_secs(2), handle.result()).await;
    end.expect("it ends at once")
}

fn workers(client: &Client) -> [Running; 3] {
    [
        Running::start(worker(client).handler(render)),
        Running::start(worker(client).handler(paint)),
        Running::start(worker(client).handler(assemble).handler(bind).handler(count)),
    ]
}

#[tokio::test]
async fn a_parent_runs_after_its_children_and_gets_their_results() {
    let client = client().await;
    let _running = workers(&client);
    let flow = Flow::new("report-42");
    let pages = flow.all(render, [1, 2, 3]).retries(5);
    let images = flow.node(paint, 7);
    let report = flow.node(assemble, "Sales".to_owned()).after((&pages, &images));
    // On a task of its own: all of it can be sent to another thread.
    let starting = client.clone();
    let handle = tokio::spawn(async move { starting.start(flow, report).await });
    let handle = handle.await.expect("no panic").expect("it starts");
    assert!(!handle.existed());
    let report = end(&handle).await.expect("it ends");
    assert_eq!(report, "Sales: page 1, page 2, page 3 + 7");
}

#[tokio::test]
async fn a_childs_failure_fails_its_parent_unless_it_says_otherwise() {
    let client = client().await;
    let _running = workers(&client);
    let start = |policy| {
        let flow = Flow::unnamed();
        let pages = flow.all(render, [1, 13, 3]).on_failure(policy);
        (flow.node(bind, "Sales".to_owned()).after(pages.settled()), flow)
    };
    let (report, flow) = start(OnChildFailure::Fail);
    let handle = client.start(flow, report).await.expect("it starts");
    match end(&handle).await {
        Err(FlowError::Failed { node, failure, .. }) => {
            assert_eq!(node, "render 1");
            assert_eq!(failure.reason, FailureReason::Permanent);
        }
        other => panic!("{other:?}"),
    }
    let (report, flow) = start(OnChildFailure::Continue);
    let handle = client.start(flow, report).await.expect("it starts");
    let report = end(&handle).await.expect("it ends");
    assert_eq!(report, "Sales: 3 pages, 1 failed");
    let flow = Flow::unnamed();
    let pages = flow.all(render, [1, 13, 3]).on_failure(OnChildFailure::Ignore);
    let report = flow.node(count, ()).after(&pages);
    let handle = client.start(flow, report).await.expect("it starts");
    end(&handle).await.expect_err("a result is missing");
}

#[tokio::test]
async fn a_flow_may_be_a_node_of_another() {
    let client = client().await;
    let _running = workers(&client);
    let flow = Flow::unnamed();
    let inner = Flow::unnamed();
    let pages = inner.all(render, [1, 2]);
    let pages = flow.flow(inner, pages);
    let images = flow.node(paint, 7).waits_for(&pages);
    let report = flow.node(assemble, "Sales".to_owned()).after((&pages, &images));
    let handle = client.start(flow, report).await.expect("it starts");
    assert_eq!(end(&handle).await.expect("it ends"), "Sales: page 1, page 2 + 7");
}

#[tokio::test]
async fn a_batch_ends_when_all_that_was_added_has_ended() {
    let client = client().await;
    let flow = Flow::batch("import").on_complete(paint, 1).on_success(paint, 2).on_death(paint, 3);
    let _first = flow.all(render, [1, 2]);
    let batch = client.start(flow, ()).await.expect("it starts");
    let later = batch.add(render, [3, 13]).await.expect("it runs");
    let again = client.start(Flow::batch("import"), ()).await;
    again.expect_err("it has no queue to live in");
    let _running = workers(&client);
    assert!(end(&batch).await.is_err(), "one has failed");
    assert!(end(&later).await.is_err(), "that one");
    let images = client.queue("images").expect("a good name");
    let follow = async || images.counts().await.expect("counts").completed == 2;
    at_once("what follows", follow).await;
    let refused = batch.add(render, [4]).await.expect_err("it has ended");
    assert!(refused.to_string().contains("has ended"), "{refused}");
}

#[tokio::test]
async fn an_empty_batch_has_followers_too() {
    let client = client().await;
    let _running = workers(&client);
    let flow = Flow::batch("nothing").on_complete(paint, 1).on_success(paint, 2).on_death(paint, 3);
    let batch = client.start(flow, ()).await.expect("it starts");
    end(&batch).await.expect("it has ended");
    let images = client.queue("images").expect("a good name");
    let follow = async || images.counts().await.expect("counts").completed == 2;
    at_once("what follows", follow).await;
}

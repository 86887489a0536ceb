//! A report over 100 pages: each page is a job, and the report is put together from their results when
//! all are done. A page that fails for good fails the report, which says which one; or the report is
//! put together without it.
//!
//! Replaces BullMQ's `FlowProducer` with `getChildrenValues()` and `failParentOnFailure`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{
    Client, DurationExt, Failure, Flow, Worker,
    error::JobFailure,
    flow::{FlowError, Inputs},
    job,
};

#[job(queue = "pages", attempts = 3, backoff = fixed("10ms"))]
async fn render(page: u32) -> Result<String, Failure> {
    if page == 113 {
        return Err(Failure::permanent("there is no such page"));
    }
    Ok(format!("page {page}"))
}

#[job(queue = "reports")]
async fn assemble(title: String, pages: Inputs<Vec<String>>) -> String {
    let last = pages.last().cloned().unwrap_or_default();
    format!("{title}: {} pages, up to {last}", pages.len())
}

#[job(queue = "reports")]
async fn assemble_some(title: String, pages: Inputs<Vec<Result<String, JobFailure>>>) -> String {
    let missing = pages.iter().filter(|page| page.is_err()).count();
    format!("{title}: {} pages, {missing} missing", pages.len() - missing)
}

async fn reports(client: &Client) -> Result<(), FlowError> {
    let flow = Flow::new("sales");
    let pages = flow.all(render, 1..=100).retries(5);
    let report = flow.node(assemble, "Sales".to_owned()).after(&pages);
    let handle = client.start(flow, report).await?;
    println!("{}", handle.result().await?);

    // Page 113 is among them.
    let flow = Flow::new("stock");
    let pages = flow.all(render, 101..=200);
    let report = flow.node(assemble, "Stock".to_owned()).after(&pages);
    match client.start(flow, report).await?.result().await {
        Err(FlowError::Failed { node, failure, .. }) => {
            println!("Stock: {node}: {}", failure.message)
        }
        other => println!("Stock: {other:?}"),
    }

    let flow = Flow::new("stock-in-part").on_failure(jobqueue::flow::OnChildFailure::Continue);
    let pages = flow.all(render, 101..=200);
    let report = flow.node(assemble_some, "Stock".to_owned()).after(pages.settled());
    println!("{}", client.start(flow, report).await?.result().await?);

    // A flow of an id that is there is the same flow.
    let flow = Flow::new("sales");
    let report = flow.node(assemble, "Sales again".to_owned());
    let handle = client.start(flow, report).await?;
    println!("there already: {}, {}", handle.existed(), handle.result().await?);
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let handlers = Worker::builder(&client).handler(render).handler(assemble);
    let worker = handlers.handler(assemble_some).concurrency(20).build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());
    reports(&client).await?;
    handle.stop(5.seconds());
    working.await??;
    Ok(())
}

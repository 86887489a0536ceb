//! A service that is called through a queue: callers get what its handlers return, with types, and
//! nothing polls.
//!
//! Replaces the queue type "Request/Reply: async RPC, service-to-service calls", for which others
//! need a reply queue, correlation ids and a consumer of one's own.
#![expect(clippy::print_stdout, reason = "it shows what happens")]

use jobqueue::{DurationExt as _, JobError, Worker, error::CallError, job};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Quote {
    item: String,
    cents: u64,
}

#[derive(Debug, thiserror::Error, JobError)]
enum QuoteError {
    #[error("nobody sells {0:?}")]
    #[job(permanent)]
    Unknown(String),
}

// A handler like any other: that somebody waits for its answer makes no difference to it.
#[job(queue = "prices", timeout = "5s")]
async fn quote(item: String) -> Result<Quote, QuoteError> {
    let cents = match item.as_str() {
        "tea" => 320,
        "bread" => 450,
        _ => return Err(QuoteError::Unknown(item)),
    };
    Ok(Quote { item, cents })
}

#[job(queue = "prices")]
async fn square(number: u64) -> u64 {
    number * number
}

#[job(queue = "prices")]
async fn audit(_: ()) {
    tokio::time::sleep(1.hours()).await;
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    // The service: as many processes of it as you like, anywhere.
    let service = Worker::builder(&client).handler(quote).handler(square).handler(audit);
    let service = service.concurrency(100).drain_timeout(0.seconds()).build()?;
    let (running, serving) = (service.handle(), tokio::spawn(service.run()));

    // A caller: one inbox for all its calls, made by the first of them.
    let Quote { item, cents } = client.call(quote, "tea".to_owned()).await?;
    println!("{item} costs {cents} cents");

    // A failure of the handler is the caller's, with its reason.
    match client.call(quote, "unicorn".to_owned()).timeout(2.seconds()).await {
        Err(CallError::Failed { failure, .. }) => {
            println!("{}: {}", failure.reason, failure.message)
        }
        other => println!("{other:?}"),
    }

    // As many in flight as you like: they travel together.
    let calls = (1..=100).map(|number| tokio::spawn(client.call(square, number).into_future()));
    let mut sum = 0;
    for call in calls.collect::<Vec<_>>() {
        sum += call.await??;
    }
    println!("the first hundred squares are {sum} together");

    // Who doesn't wait any longer goes on; a reply that comes later is dropped.
    if let Err(error @ CallError::TimedOut { .. }) =
        client.call(audit, ()).timeout(100.millis()).await
    {
        println!("{error}");
    }
    running.stop(0.seconds());
    serving.await??;
    Ok(())
}

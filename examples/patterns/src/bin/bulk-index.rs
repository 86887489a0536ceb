//! A bulk insert: documents come one by one, and go to a search engine by fives. One that it refuses
//! fails alone; when the engine is away, all of them are tried again.
//!
//! Replaces BullMQ Pro's batches (`batch: { size, timeout }` with `job.setAsFailed`), Oban Pro's
//! `Chunk`, Asynq's `GroupAggregator`, and `batchItemFailures` of a Lambda that reads from SQS.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::sync::{Arc, Mutex};

use jobqueue::{
    DurationExt as _, Failure, State, Worker, error::ResultError, handler::BatchContext, job,
};

/// A search engine, which is away when it is called first.
#[derive(Clone, Default)]
struct Search(Arc<Mutex<u32>>);

impl Search {
    /// The place of each document, if it was taken.
    fn insert(&self, docs: &[String]) -> std::io::Result<Vec<Option<u32>>> {
        let mut calls = self.0.lock().map_err(|_| std::io::Error::other("poisoned"))?;
        *calls += 1;
        println!("call {calls} with {} documents", docs.len());
        if *calls == 1 {
            return Err(std::io::Error::other("the search engine is away"));
        }
        Ok(docs.iter().zip(1..).map(|(doc, place)| (!doc.is_empty()).then_some(place)).collect())
    }
}

#[job(queue = "documents", attempts = 3, backoff = fixed("10ms"), batch(max = 5, wait = "2s"))]
async fn index(
    docs: Vec<String>,
    ctx: BatchContext,
    search: State<Search>,
) -> std::io::Result<Vec<Result<String, Failure>>> {
    let places = search.insert(&docs)?.into_iter().zip(ctx.jobs());
    let one = |(place, job): (Option<u32>, &jobqueue::Context)| match place {
        Some(place) => Ok(format!("place {place} by attempt {}", job.attempt())),
        None => Err(Failure::permanent("it has no text")),
    };
    Ok(places.map(one).collect())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let worker = Worker::builder(&client).handler(index).state(Search::default()).build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    let docs = ["a", "b", "", "c", "d"].map(str::to_owned);
    for (number, job) in (1..).zip(client.add_all(index, docs).await?) {
        match job.result().await {
            Ok(place) => println!("document {number}: {place}"),
            Err(ResultError::Failed { failure, .. }) => {
                println!("document {number}: {}", failure.message);
            }
            Err(other) => return Err(other.into()),
        }
    }
    handle.stop(5.seconds());
    running.await??;
    Ok(())
}

//! Adds of one thing become one job: while it waits, within a time, with the newest payload, after
//! the last add, or once more after the run under way.
//!
//! Replaces BullMQ's `deduplication: { id, ttl, extend, replace, keepLastIfActive }`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::time::Duration;

use jobqueue::{Client, DurationExt, JobHandle, Unique, Worker, job, unique::Added};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    document: u32,
    text: String,
}

// One index run for a document, a tenth of a second after it was saved for the last time.
#[job(queue = "search", unique(by = "saved.document", debounce = "100ms", longest_wait = "5s"))]
async fn index(saved: Saved) -> String {
    saved.text
}

/// Runs of `rebuild` wait for it.
static GATE: Semaphore = Semaphore::const_new(0);

#[job(queue = "search")]
async fn rebuild(reason: String) -> String {
    let _ = GATE.acquire().await.map(tokio::sync::SemaphorePermit::forget);
    reason
}

#[job(queue = "mails", unique(by = "user", for = "1h"))]
async fn remind(user: String) -> String {
    format!("{user} was reminded")
}

fn say<T>(what: &str, job: &JobHandle<T>) {
    let what_it_did = match job.added() {
        Added::New => "a new job",
        Added::Existed => "nothing: a job stands for it",
        Added::Replaced => "the job that waits has the newest payload",
        Added::Extended => "so it has, and waits anew",
        Added::After(_) => "a job that runs after the one under way",
        _ => "something else",
    };
    println!("{what}: {what_it_did}");
}

async fn debounce(client: &Client) -> anyhow::Result<()> {
    let saved = |text: &str| Saved { document: 7, text: text.to_owned() };
    let job = client.add(index, saved("H")).await?;
    say("saved", &job);
    for text in ["He", "Hello"] {
        say("saved again", &client.add(index, saved(text)).await?);
    }
    println!("indexed: {}", job.result().await?);
    Ok(())
}

async fn throttle(client: &Client) -> anyhow::Result<()> {
    let job = client.add(remind, "ada".to_owned()).await?;
    println!("{}", job.result().await?);
    say("a second time within the hour", &client.add(remind, "ada".to_owned()).await?);
    Ok(())
}

async fn keep_last(client: &Client) -> anyhow::Result<()> {
    let add = async |reason: &str| {
        client.add(rebuild, reason.to_owned()).unique(Unique::by("all").keep_last()).await
    };
    let first = add("monday's").await?;
    let search = client.queue("search")?;
    while search.counts().await?.active == 0 {
        tokio::time::sleep(5.millis()).await;
    }
    let next = add("tuesday's").await?;
    say("while it runs", &next);
    say("and again", &add("wednesday's").await?);
    let key = search.unique_key("rebuild", "all")?;
    assert_eq!(key.holder().await?.map(|job| job.id().clone()).as_ref(), Some(first.id()));
    GATE.add_permits(2);
    println!("ran: {}, {}", first.result().await?, next.result().await?);
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let worker =
        Worker::builder(&client).handler(index).handler(rebuild).handler(remind).build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());
    debounce(&client).await?;
    throttle(&client).await?;
    keep_last(&client).await?;
    handle.stop(Duration::from_secs(5));
    working.await??;
    Ok(())
}

//! A batch: mails to many users, and a job that is added when all were sent, one when all have ended,
//! and one at the first that fails for good. Each of them once, though processes die on the way.
//!
//! Replaces Sidekiq's `Sidekiq::Batch` with `on(:success)`, `on(:complete)` and `on(:death)`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{Client, DurationExt, Failure, Flow, State, Worker, flow::FlowError, job};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Where jobs that follow from a batch say so.
type Heard = State<UnboundedSender<String>>;

#[job(queue = "mails", attempts = 2, backoff = fixed("10ms"))]
async fn mail(user: u32) -> Result<(), Failure> {
    if user == 13 { Err(Failure::permanent("no such user")) } else { Ok(()) }
}

#[job(queue = "campaigns")]
async fn all_sent(campaign: String, heard: Heard) {
    let _ = heard.send(format!("{campaign}: all were sent"));
}

#[job(queue = "campaigns")]
async fn all_ended(campaign: String, heard: Heard) {
    let _ = heard.send(format!("{campaign}: all have ended"));
}

#[job(queue = "campaigns")]
async fn one_died(campaign: String, heard: Heard) {
    let _ = heard.send(format!("{campaign}: one has failed for good"));
}

/// Sends mails to some users, and prints what follows.
async fn campaign(
    client: &Client,
    name: &str,
    users: std::ops::Range<u32>,
    follows: &mut UnboundedReceiver<String>,
) -> anyhow::Result<()> {
    let flow = Flow::batch(name)
        .on_success(all_sent, name.to_owned())
        .on_complete(all_ended, name.to_owned())
        .on_death(one_died, name.to_owned());
    let _ = flow.all(mail, users);
    let result = match client.start(flow, ()).await?.result().await {
        Ok(()) => "completed".to_owned(),
        Err(FlowError::Failed { node, .. }) => format!("failed, {node} of it"),
        Err(error) => return Err(error.into()),
    };
    println!("{name} {result}");
    // Two of the three follow, in any order.
    let mut heard = Vec::new();
    while heard.len() < 2
        && let Some(line) = follows.recv().await
    {
        heard.push(line);
    }
    heard.sort();
    println!("  {}", heard.join("\n  "));
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let (sender, mut heard) = unbounded_channel();
    let worker = Worker::builder(&client)
        .handler(mail)
        .handler(all_sent)
        .handler(all_ended)
        .handler(one_died)
        .state(sender)
        .build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());
    campaign(&client, "spring", 0..10, &mut heard).await?;
    campaign(&client, "summer", 10..20, &mut heard).await?;
    // One without mails has ended as soon as it starts.
    campaign(&client, "autumn", 0..0, &mut heard).await?;
    handle.stop(5.seconds());
    working.await??;
    Ok(())
}

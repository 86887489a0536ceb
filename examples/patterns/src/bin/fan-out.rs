//! Fan-out: one event, and a copy of it in each queue that is bound to it, with filters on
//! attributes.
//!
//! Replaces the SNS to SQS fan-out: `publishEvent(topicArn, event)` with `MessageAttributes: {
//! eventType: { DataType: "String", StringValue: event.type } }`, and subscriptions with filter
//! policies.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{
    Client, Context, State, Worker, job,
    topic::{Filter, Receipt},
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

#[derive(Clone, Serialize, Deserialize)]
struct Event {
    r#type: String,
    order: u64,
    amount: f64,
}

type Log = mpsc::UnboundedSender<String>;

// Bound when its worker starts: to every event, whatever its key.
#[job(queue = "audit", subscribe = "order-events:#")]
async fn audit(event: Event, ctx: Context, log: State<Log>) {
    let key = ctx.routing_key().unwrap_or_default();
    let _ = log.send(format!("audit: {key} of order {}", event.order));
}

#[job(queue = "shipping")]
async fn ship(event: Event, log: State<Log>) {
    let _ = log.send(format!("shipping: order {}", event.order));
}

#[job(queue = "fraud-check")]
async fn check(event: Event, log: State<Log>) {
    let _ = log.send(format!("fraud-check: order {} of {}", event.order, event.amount));
}

async fn publish_event(client: &Client, event: Event) -> jobqueue::Result<Receipt> {
    let key = format!("order.{}", event.r#type);
    let attributes = [("eventType", event.r#type.clone()), ("amount", event.amount.to_string())];
    let mut publish = client.publish("order-events", &key, event);
    for (name, value) in attributes {
        publish = publish.header(name, value);
    }
    publish.await
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let topic = client.topic("order-events")?;
    topic.bind("audit", "#").job("audit").await?;
    let placed = Filter::header("eventType").equals("placed");
    topic.bind("shipping", "#").filter(placed.clone()).job("ship").await?;
    let large = placed.and_header("amount").number(1_000.0..=f64::INFINITY);
    topic.bind("fraud-check", "#").filter(large).job("check").await?;

    let mut copies = 0;
    for (kind, order, amount) in [("placed", 1, 20.0), ("placed", 2, 5_000.0), ("paid", 1, 20.0)] {
        let event = Event { r#type: kind.to_owned(), order, amount };
        let receipt = publish_event(&client, event).await?;
        println!("{kind} {order}: {} queues", receipt.targets());
        copies += receipt.targets();
    }

    let (log, mut lines) = mpsc::unbounded_channel::<String>();
    let worker = Worker::builder(&client).handler(audit).handler(ship).handler(check).state(log);
    let mut seen: Vec<String> = Vec::new();
    worker
        .run_until(async {
            while seen.len() < copies {
                seen.extend(lines.recv().await);
            }
        })
        .await?;
    // Each queue has its own order and retries; for reading they are sorted.
    seen.sort();
    println!("{}", seen.join("\n"));
    Ok(())
}

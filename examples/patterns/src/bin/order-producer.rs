//! An order producer whose jobs have default options, and whose premium orders go first.
//!
//! Replaces the BullMQ producer: `new Queue("orders", { defaultJobOptions: { removeOnComplete:
//! 1000, removeOnFail: 5000, attempts: 3, backoff: { type: "exponential", delay: 1000 } } })` and
//! `orderQueue.add("process-order", …, { priority: order.isPremium ? 1 : 5 })`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{Priority, job};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
    user: u64,
    items: Vec<String>,
    premium: bool,
}

// What `defaultJobOptions` says there, the handler says here; each of these is the default, too.
#[job(
    queue = "orders",
    name = "process-order",
    attempts = 3,
    backoff = exponential("1s"),
    retain = count(1000),
    retain_failed = count(5000)
)]
async fn process_order(order: Order) -> String {
    format!("receipt for order {}", order.id)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    for (id, premium) in [(1, false), (2, true), (3, false)] {
        let order = Order { id, user: 7, items: vec!["book".to_owned()], premium };
        let priority = if order.premium { 1 } else { 5 };
        client.add(process_order, order).priority(priority).await?;
    }
    let orders = client.queue("orders")?;
    for job in orders.jobs(jobqueue::JobState::Waiting).page(0, 10).await? {
        let order: Order = job.record.codec.decode(&job.record.payload)?;
        let priority = Priority::try_from(job.priority)?;
        println!("order {} waits with priority {}", order.id, priority.get());
    }
    Ok(())
}

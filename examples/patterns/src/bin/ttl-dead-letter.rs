//! A queue whose messages wait for a limited time, and then go to a dead-letter queue.
//!
//! Replaces the RabbitMQ queue `orders` that is declared with `x-dead-letter-exchange`,
//! `x-dead-letter-routing-key` and `x-message-ttl: 30000`, and the exchange and the binding to
//! `orders-dlq`. Nothing is declared here: a queue exists as soon as a job is in it, and is
//! durable.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::time::Duration;

use jobqueue::DurationExt;

/// 30 s there; here a short one, so that the program ends soon.
const MESSAGE_TTL: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let orders = client.queue("orders")?;
    // Kept in Redis, for all producers and consumers of the queue.
    orders.set_limits().ttl(MESSAGE_TTL).dead_letter("orders-dlq").await?;

    orders.add("process-order", &1).await?;
    orders.add("process-order", &2).ttl(1.hours()).await?; // a message's own comes first
    tokio::time::sleep(2 * MESSAGE_TTL).await;

    // Whoever works on the queue does this by itself; nobody does here.
    println!("{} expired", orders.expire().await?);
    let dead = client.dead_letters("orders-dlq")?;
    dead.wait_for(1).await?;
    for (_, letter) in dead.page(0, 10).await? {
        let order: u32 = letter.payload()?;
        println!("order {order} of {} is a dead letter: {}", letter.queue, letter.failure.reason);
    }
    for order in orders.receive(10, 1.seconds()).await? {
        println!("order {} still waits", order.payload::<u32>()?);
        order.complete().await?;
    }
    Ok(())
}

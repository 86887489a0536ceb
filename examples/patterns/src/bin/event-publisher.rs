//! An event publisher: JSON messages to a topic, with routing keys.
//!
//! Replaces the RabbitMQ publisher: `class EventPublisher`, which declares a durable topic
//! exchange, publishes with `delivery_mode=2` and a `content_type`, and
//! `publisher.publish("user-events", "user.created", { … })`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{Codec, JobState};
use serde::Serialize;

#[derive(Serialize)]
struct UserEvent {
    user_id: &'static str,
    email: &'static str,
    timestamp: &'static str,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // One client for the whole process: its connection is shared and mends itself.
    let client = jobqueue_patterns::connect().await?;
    let events = client.topic("user-events")?;
    events.bind("user-events", "user.*").await?;

    let user =
        UserEvent { user_id: "123", email: "alice@example.com", timestamp: "2025-01-01T00:00:00Z" };
    // Acknowledged when it is durable: it reaches its queues even if this process dies now.
    for key in ["user.created", "user.password.changed"] {
        let receipt = client.publish("user-events", key, &user).codec(Codec::Json).await?;
        println!("{key}: {} queues", receipt.targets());
        if receipt.is_unroutable() {
            println!("{key}: nobody is bound by a pattern that fits");
        }
    }

    events.flush().await?;
    for job in client.queue("user-events")?.jobs(JobState::Waiting).page(0, 10).await? {
        let payload = String::from_utf8_lossy(&job.record.payload);
        println!("{} waits: {payload}", job.record.name);
    }
    Ok(())
}

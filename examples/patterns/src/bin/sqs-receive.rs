//! Long polling for up to ten messages. Each is deleted when it is done; a message that isn't comes
//! back after its visibility timeout. A deduplication id keeps a message that is sent twice from
//! being processed twice.
//!
//! Replaces the AWS SDK's `SendMessageCommand` with `MessageDeduplicationId`,
//! `ReceiveMessageCommand` with `MaxNumberOfMessages: 10`, `WaitTimeSeconds: 20`,
//! `VisibilityTimeout: 30`, and `DeleteMessageCommand`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::time::Duration;

use jobqueue::{DurationExt, Queue, Result};
use serde_json::{Value, json};

/// 30 s there; here a short one, so that the program ends soon.
const VISIBILITY: Duration = Duration::from_millis(500);

/// Like `MessageDeduplicationId`, for five minutes. There is no `MessageGroupId`: a queue is in
/// order by itself, and it is the consumer's concurrency that decides whether two messages are
/// processed at a time.
async fn send_message(queue: &Queue, deduplication_id: &str, payload: &Value) -> Result<bool> {
    let message = queue.add("order", payload).unique_for(deduplication_id, 5.minutes()).await?;
    Ok(!message.existed())
}

fn process_message(order: &Value, receives: u32) -> Result<(), String> {
    if order["id"] == 2 && receives == 1 {
        return Err("the warehouse does not answer".to_owned());
    }
    println!("order {} is processed", order["id"]);
    Ok(())
}

/// Receives once, and answers how many messages were deleted.
async fn poll_messages(queue: &Queue) -> anyhow::Result<usize> {
    let mut deleted = 0;
    for message in queue.receive(10, 20.seconds()).visibility(VISIBILITY).await? {
        match process_message(&message.payload()?, message.receives()) {
            Ok(()) => {
                message.complete().await?; // DeleteMessageCommand
                deleted += 1;
            }
            // The message returns to the queue after its visibility timeout.
            Err(problem) => println!("failed to process: {problem}"),
        }
    }
    Ok(deleted)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let orders = client.queue("orders")?;
    for id in [1, 2, 2, 3] {
        let sent = send_message(&orders, &format!("order-{id}"), &json!({ "id": id })).await?;
        println!("order {id} {}", if sent { "is sent" } else { "was sent before" });
    }
    let mut left = 3;
    while left > 0 {
        left -= poll_messages(&orders).await?;
    }
    Ok(())
}

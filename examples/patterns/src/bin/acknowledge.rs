//! A consumer that receives by hand and acknowledges each message, with at most ten unacknowledged.
//!
//! Replaces the pika consumer of `user-events`: `basic_qos(prefetch_count=10)`, `basic_consume`,
//! and `basic_ack` or `basic_nack(requeue=False)` in the callback.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{DurationExt, Failure, receive::Delivery};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct UserEvent {
    user: String,
    email: String,
}

fn handle_user_event(event: &UserEvent) -> Result<(), String> {
    if !event.email.contains('@') {
        return Err(format!("{} has no email address", event.user));
    }
    Ok(())
}

async fn process_message(message: Delivery) -> jobqueue::Result<()> {
    let handled = message
        .payload::<UserEvent>()
        .map_err(|error| error.to_string())
        .and_then(|event| handle_user_event(&event).map(|()| event));
    match handled {
        Ok(event) => {
            println!("welcome, {}", event.user);
            message.complete().await // basic_ack
        }
        Err(problem) => {
            println!("failed to process a message: {problem}");
            // basic_nack(requeue=False); `message.release()` is the one that puts it back.
            message.fail(Failure::permanent(problem)).await
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let events = client.queue("user-events")?;
    for (user, email) in [("alice", "alice@example.com"), ("bob", "?"), ("eve", "eve@example.com")]
    {
        let event = UserEvent { user: user.to_owned(), email: email.to_owned() };
        events.add("user.created", &event).await?;
    }

    let channel = events.receiver().prefetch(10);
    loop {
        // A service waits for longer, and goes on for ever.
        let messages = channel.receive(10, 100.millis()).await?;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            process_message(message).await?;
        }
    }
    let counts = events.counts().await?;
    println!("{} acknowledged, {} rejected", counts.completed, counts.failed);
    Ok(())
}

//! What keys do to queues and jobs.

use jobqueue::{Client, JobId, QueueName};
use tokio::sync::mpsc;

use crate::output::grouped;

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Pause(QueueName),
    Resume(QueueName),
    RetryFailed(QueueName),
    RetryJob(QueueName, JobId),
    CancelJob(QueueName, JobId),
}

/// Does it, beside the screen.
pub(super) struct Actor {
    client: Client,
    answers: mpsc::Sender<String>,
}

impl Actor {
    pub(super) fn new(client: Client, answers: mpsc::Sender<String>) -> Self {
        Self { client, answers }
    }

    pub(super) fn begin(&self, act: Act) {
        let (client, answers) = (self.client.clone(), self.answers.clone());
        tokio::spawn(async move {
            let answer = carry_out(&client, act).await;
            let answer = answer.unwrap_or_else(|error| format!("✕ {error}"));
            let _ = answers.send(answer).await;
        });
    }
}

async fn carry_out(client: &Client, act: Act) -> jobqueue::Result<String> {
    Ok(match act {
        Act::Pause(queue) => {
            client.queue(&queue)?.pause().await?;
            format!("{queue} is paused")
        }
        Act::Resume(queue) => {
            client.queue(&queue)?.resume().await?;
            format!("{queue} goes on")
        }
        Act::RetryFailed(queue) => {
            let count = client.queue(&queue)?.retry_failed().await?;
            format!("{} failed jobs of {queue} run again", grouped(count))
        }
        Act::RetryJob(queue, id) => {
            client.queue(&queue)?.job(&id).retry().await?;
            format!("job {id} runs again")
        }
        Act::CancelJob(queue, id) => {
            client.queue(&queue)?.job(&id).cancel().await?;
            format!("job {id} is cancelled, or told to stop")
        }
    })
}

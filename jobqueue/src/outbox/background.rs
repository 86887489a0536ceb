//! Relaying in the background.

use tracing::warn;

use super::{relay::Pace, relays::Relays};
use crate::{error::Result, error_chain::chain, job::QueueName, task::boxed};

impl Relays {
    /// Relays a queue's outbox in the background.
    pub(crate) fn start(&self, source: &QueueName) {
        if self.begin(source) {
            // Not under the lock: a runtime that shuts down drops the task at once, which takes the
            // lock.
            let task = RelayTask { relays: self.clone(), source: source.clone(), ended: false };
            tokio::spawn(boxed(task.run()));
        }
    }

    /// Looks into a queue's outbox, and starts to relay it if it has entries.
    pub(crate) async fn look_after(&self, source: &QueueName) -> Result<()> {
        if !self.is_running(source) && self.store().queue(source).underway().await? > 0 {
            self.start(source);
        }
        Ok(())
    }
}

/// One outbox being relayed in the background.
struct RelayTask {
    relays: Relays,
    source: QueueName,
    /// Whether it is no longer listed as running.
    ended: bool,
}

impl RelayTask {
    async fn run(mut self) {
        while !self.ended {
            if let Err(error) = self.relays.relay_until(&self.source, Pace::Easy, None).await {
                warn!(queue = %self.source, error = %chain(&error), "effects on other queues wait in the outbox");
                return;
            }
            self.ended = self.relays.end_unless_more(&self.source);
        }
    }
}

impl Drop for RelayTask {
    /// Also when its runtime ends: the next relay can begin.
    fn drop(&mut self) {
        if !self.ended {
            self.relays.end(&self.source);
        }
        self.relays.notify_ended();
    }
}

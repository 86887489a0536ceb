//! Relaying in the background.

use std::sync::Arc;

use tracing::{debug, warn};

use super::{
    relay::{Pace, Relay},
    relays::{Relays, Signals},
};
use crate::{error::Result, error_chain::chain, job::QueueName, task::boxed};

impl Relays {
    /// Relays a queue's outbox in the background.
    pub(crate) fn start(&self, source: &QueueName) {
        if let Some(signals) = self.begin(source) {
            // Not under the lock: a runtime that shuts down drops the task at once, which takes the
            // lock.
            let (relays, source) = (self.for_task(), source.clone());
            let task = RelayTask { relays, source, signals, ended: false };
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

    /// The same for a queue that gets effects from there; that it fails is only noted.
    pub(crate) async fn check(&self, source: &QueueName, queue: &QueueName) {
        if let Err(error) = self.look_after(source).await {
            debug!(%queue, %source, error = %chain(&error), "an outbox could not be checked");
        }
    }
}

/// One outbox being relayed in the background.
struct RelayTask {
    relays: Relays,
    source: QueueName,
    signals: Arc<Signals>,
    /// Whether it is no longer listed as running.
    ended: bool,
}

impl RelayTask {
    async fn run(mut self) {
        while !self.ended {
            let (relays, signals) = (self.relays.clone(), Arc::clone(&self.signals));
            let relay = Arc::new(Relay::new(relays, &self.source, None, signals));
            if let Err(error) = relay.run(Pace::Easy).await {
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

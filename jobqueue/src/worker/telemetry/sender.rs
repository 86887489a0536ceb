//! Sends a worker's events to its subscribers.

use tokio::sync::broadcast;

use super::{events::WorkerEvent, stream::WorkerEvents};

/// How many events a slow subscriber may lag behind before it misses some.
const BACKLOG: usize = 4_096;

/// Sends events to the subscribers of a worker. While there is none, an event isn't even made.
#[derive(Clone, Debug)]
pub(super) struct EventSender(broadcast::Sender<WorkerEvent>);

impl EventSender {
    pub(super) fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    pub(super) fn send(&self, event: impl FnOnce() -> WorkerEvent) {
        if self.0.receiver_count() > 0 {
            let _ = self.0.send(event());
        }
    }

    pub(super) fn subscribe(&self) -> WorkerEvents {
        WorkerEvents::new(self.0.subscribe())
    }
}

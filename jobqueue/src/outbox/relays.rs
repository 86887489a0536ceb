//! The relays of a client, and the state that they share.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};
use tracing::warn;

use super::early_reply::EarlyReplies;
use crate::{job::QueueName, store::Store};

/// The relays of a client: at most one for each outbox.
#[derive(Clone, Debug)]
pub(crate) struct Relays(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    /// Outboxes that are being relayed, and whether one got more entries since the relay's last
    /// look.
    running: Mutex<HashMap<QueueName, bool>>,
    /// Notified when a relay ends.
    ended: Notify,
    early_replies: EarlyReplies,
}

impl Relays {
    pub(crate) fn new(store: Store) -> Self {
        let (running, ended) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { store, running, ended, early_replies: EarlyReplies::default() }))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Replies that were sent before a relay finds them.
    pub(super) fn early_replies(&self) -> &EarlyReplies {
        &self.0.early_replies
    }

    /// Marks an outbox as being relayed. If it is already, its relay is told to look once more.
    pub(super) fn begin(&self, source: &QueueName) -> bool {
        match self.running().entry(source.clone()) {
            Entry::Occupied(mut more) => {
                more.insert(true);
                false
            }
            Entry::Vacant(new) => {
                new.insert(false);
                true
            }
        }
    }

    /// Whether a relay has nothing more to look for, and ends. The look and the end are one step,
    /// so that no new entry falls between the two.
    pub(super) fn end_unless_more(&self, source: &QueueName) -> bool {
        let mut running = self.running();
        match running.get_mut(source) {
            Some(more) if *more => {
                *more = false;
                false
            }
            _ => {
                running.remove(source);
                true
            }
        }
    }

    /// Ends a relay, whether there is more or not.
    pub(super) fn end(&self, source: &QueueName) {
        self.running().remove(source);
    }

    /// Tells those who wait for it that a relay has ended.
    pub(super) fn notify_ended(&self) {
        self.0.ended.notify_waiters();
    }

    pub(super) fn is_running(&self, source: &QueueName) -> bool {
        self.running().contains_key(source)
    }

    /// Waits until this client relays nothing of a queue, at most for this long.
    pub(crate) async fn finish(&self, source: &QueueName, limit: Duration) {
        let idle = async {
            loop {
                let ended = self.0.ended.notified();
                if !self.is_running(source) {
                    return;
                }
                ended.await;
            }
        };
        if timeout(limit, idle).await.is_err() {
            warn!(queue = %source, "effects are still in the outbox; another process relays them");
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<QueueName, bool>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

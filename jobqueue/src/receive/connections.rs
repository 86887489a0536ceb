//! Connections on which receives wait for the queue's wake token. A wait blocks its connection.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{error::Result, store::QueueStore};

/// How many idle connections a receiver keeps.
const KEPT: usize = 4;

/// The shortest wait. Zero would mean to wait for ever.
const SHORTEST: Duration = Duration::from_millis(5);

/// The idle connections of one receiver and its clones.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitConnections(Arc<Mutex<Vec<QueueStore>>>);

impl WaitConnections {
    /// Waits for the token, and takes it: `true`. `false` if none came in time.
    pub(super) async fn wait(&self, store: &QueueStore, limit: Duration) -> Result<bool> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let store = idle.unwrap_or_else(|| store.with_own_connection());
        let mut connection = WaitConnection { connections: self, store, waits: true };
        let token = connection.store.wait_for_wake(limit.max(SHORTEST)).await;
        connection.waits = token.is_err();
        token
    }
}

/// A connection in use.
struct WaitConnection<'a> {
    connections: &'a WaitConnections,
    store: QueueStore,
    waits: bool,
}

impl Drop for WaitConnection<'_> {
    fn drop(&mut self) {
        if self.waits {
            // An abandoned wait could take a token that is meant for another consumer.
            self.store.disconnect();
            return;
        }
        let mut idle = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(self.store.clone());
        }
    }
}

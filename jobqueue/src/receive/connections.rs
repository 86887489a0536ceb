//! Connections on which receives wait for the queue's token: a wait blocks its connection.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{error::Result, store::QueueStore};

/// How many idle connections a receiver keeps.
const KEPT: usize = 4;

/// The shortest wait: none at all would be one without end.
const SHORTEST: Duration = Duration::from_millis(5);

/// The connections of one receiver that nobody waits on.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitConnections(Arc<Mutex<Vec<QueueStore>>>);

impl WaitConnections {
    /// Waits for the token, and takes it: `true`. `false` if none came in time.
    pub(crate) async fn wait(&self, store: &QueueStore, limit: Duration) -> Result<bool> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let store = idle.unwrap_or_else(|| store.with_own_connection());
        let mut wait_state = WaitConnection { connections: self, store, waits: true };
        let heard = wait_state.store.wait_for_wake(limit.max(SHORTEST)).await;
        wait_state.waits = heard.is_err();
        heard
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
            // A wait that is left open could take a token that is meant for others.
            self.store.disconnect();
            return;
        }
        let mut idle = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(self.store.clone());
        }
    }
}

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
pub(crate) struct Ears(Arc<Mutex<Vec<QueueStore>>>);

impl Ears {
    /// Waits for the token, and takes it: `true`. `false` if none came in time.
    pub(crate) async fn hear(&self, store: &QueueStore, limit: Duration) -> Result<bool> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let store = idle.unwrap_or_else(|| store.apart());
        let mut ear = Ear { ears: self, store, waits: true };
        let heard = ear.store.wait_for_wake(limit.max(SHORTEST)).await;
        ear.waits = heard.is_err();
        heard
    }
}

/// A connection in use.
struct Ear<'a> {
    ears: &'a Ears,
    store: QueueStore,
    waits: bool,
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        if self.waits {
            // A wait that is left open could take a token that is meant for others.
            self.store.hang_up();
            return;
        }
        let mut idle = self.ears.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(self.store.clone());
        }
    }
}

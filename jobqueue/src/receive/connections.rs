//! Connections on which receives wait for the queue's wake token. A wait blocks its connection.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::oneshot, task};
use tracing::warn;

use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::WorkerId,
    store::{QueueStore, worker::Wake},
    task::boxed,
};

/// How many idle connections a receiver keeps.
const KEPT: usize = 4;

/// The shortest wait. Zero would mean to wait for ever.
const SHORTEST: Duration = Duration::from_millis(5);

/// The connections of one receiver and its clones.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitConnections(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    idle: Mutex<Vec<WaitConnection>>,
    /// Whether it was said that the server refuses to wait.
    has_said: AtomicBool,
}

/// A connection, and the name of its waits.
#[derive(Debug)]
struct WaitConnection {
    store: QueueStore,
    name: WorkerId,
}

impl WaitConnections {
    /// Waits for the token, and takes it: `true`. `false` if none came in time.
    pub(super) async fn wait(&self, store: &QueueStore, limit: Duration) -> Result<bool> {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.unwrap_or_else(|| WaitConnection {
            store: store.with_own_connection(),
            name: WorkerId::generate(),
        });
        let mut wait = Wait { store, name: connection.name.clone(), goes_on: true };
        let (told, token) = oneshot::channel();
        // In a task, which goes on if this receive is dropped: the token may be on its way to it.
        task::spawn(boxed(self.clone().follow(connection, limit.max(SHORTEST), told)));
        let token = token.await;
        wait.goes_on = false;
        token.unwrap_or(Err(Error::Closed))
    }

    /// Says once that the server refuses to wait.
    pub(super) fn say_refused(&self, store: &QueueStore, error: &Error) {
        if !self.0.has_said.swap(true, Ordering::Relaxed) {
            warn!(queue = %store.name(), error = %chain(error), "receives can't wait for jobs: they look once a second");
        }
    }

    async fn follow(
        self,
        connection: WaitConnection,
        limit: Duration,
        told: oneshot::Sender<Result<bool>>,
    ) {
        let WaitConnection { store, name } = &connection;
        let token = store.wait_for_wake(name, limit).await;
        if !matches!(token, Err(Error::Unavailable { .. })) {
            let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                idle.push(WaitConnection { store: store.clone(), name: name.clone() });
            }
        }
        if let Err(Ok(true)) = told.send(token) {
            // The receive was dropped: the token is another consumer's.
            let _ = store.call_retrying(&Wake { worker: None, wait: None }).await;
        }
    }
}

/// A wait that goes on.
struct Wait<'a> {
    store: &'a QueueStore,
    name: WorkerId,
    goes_on: bool,
}

impl Drop for Wait<'_> {
    /// An abandoned wait could take a token that is meant for another consumer.
    fn drop(&mut self) {
        if self.goes_on
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (store, name) = (self.store.clone(), self.name.clone());
            runtime.spawn(boxed(async move {
                // Else it ends by itself, at the end of its time.
                let _ = store.call(&Wake { worker: None, wait: Some(&name) }).await;
            }));
        }
    }
}

//! Waits for the wake token on a connection of its own, when the pump asks it to.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};

use crate::store::{QueueStore, Retries};

/// How long a worker sleeps at most before it looks for itself.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// The pump's ear.
#[derive(Debug)]
pub(super) struct Listener {
    /// Whether it listens now.
    listening: bool,
    listen: Arc<Notify>,
    heard: mpsc::Receiver<bool>,
    task: JoinHandle<()>,
    store: QueueStore,
}

impl Listener {
    pub(super) fn spawn(store: &QueueStore) -> Self {
        let store = store.apart();
        let listen = Arc::new(Notify::new());
        let (say, heard) = mpsc::channel(1);
        let task = tokio::spawn(run(store.clone(), listen.clone(), say));
        Self { listening: false, listen, heard, task, store }
    }

    /// Listens from now on, until something is [heard](Self::hear).
    pub(super) fn listen(&mut self) {
        if !self.listening {
            self.listening = true;
            self.listen.notify_one();
        }
    }

    /// Waits for the token, which is then this worker's: `true`. `false` if none came for a while.
    pub(super) async fn hear(&mut self) -> bool {
        match self.heard.recv().await {
            Some(token) => {
                self.listening = false;
                token
            }
            // The task never ends by itself; if it was ended, so is this pump.
            None => std::future::pending().await,
        }
    }

    pub(super) fn is_listening(&self) -> bool {
        self.listening
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
        // A wait that is left open could take a token that is meant for others.
        self.store.hang_up();
    }
}

async fn run(store: QueueStore, listen: Arc<Notify>, say: mpsc::Sender<bool>) {
    let mut retries = Retries::endless();
    loop {
        listen.notified().await;
        let token = match store.wait_for_wake(LONGEST_SLEEP).await {
            Ok(token) => {
                retries = Retries::endless();
                token
            }
            Err(error) => {
                // The pump's own calls find out what is wrong, and say it.
                let _ = retries.wait_or(error).await;
                false
            }
        };
        if say.send(token).await.is_err() {
            return;
        }
    }
}

//! Handlers of batches: several jobs in one run, each with its own end.

mod declared;
mod ends;
mod gather;
mod limits;
mod pairs;
mod slots;
mod stops;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{Client, Queue, WorkerBuilder};
use tokio::sync::Semaphore;

use crate::support::{Count, worker};

/// Longer than a test takes: such a batch starts for another reason.
const LONG: &str = "60s";

/// The payloads of batches, as their handlers got them.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Vec<u32>>>>);

impl Seen {
    fn note(&self, batch: &[u32]) {
        self.0.lock().expect("no panic").push(batch.to_vec());
    }

    fn all(&self) -> Vec<Vec<u32>> {
        self.0.lock().expect("no panic").clone()
    }

    /// How many jobs each had.
    fn sizes(&self) -> Vec<usize> {
        self.all().iter().map(Vec::len).collect()
    }

    /// How many jobs there were.
    fn jobs(&self) -> usize {
        self.sizes().iter().sum()
    }
}

/// What handlers of these tests share.
#[derive(Clone)]
struct Stage {
    seen: Seen,
    /// Handlers that wait for it go on by one for each permit.
    gate: Arc<Semaphore>,
    /// Dropped calls of handlers.
    dropped: Count,
}

impl Default for Stage {
    fn default() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        Self { seen: Seen::default(), gate, dropped: Count::default() }
    }
}

impl Stage {
    /// A worker with this state.
    fn worker(&self, client: &Client) -> WorkerBuilder {
        worker(client).state(self.clone())
    }

    /// Waits for the gate. Counts if its caller is dropped meanwhile.
    async fn pass(&self) {
        struct Bell<'a>(Option<&'a Count>);
        impl Drop for Bell<'_> {
            fn drop(&mut self) {
                if let Some(count) = self.0 {
                    count.up();
                }
            }
        }
        let mut bell = Bell(Some(&self.dropped));
        self.gate.acquire().await.expect("it is never closed").forget();
        bell.0 = None;
    }
}

fn queue(client: &Client, name: &str) -> Queue {
    client.queue(name).expect("a good name")
}

async fn active(queue: &Queue) -> u64 {
    queue.counts().await.expect("counted").active
}

/// Long enough that what isn't to happen would have happened.
const MOMENT: Duration = Duration::from_millis(300);

//! Queues: steering and inspecting them, their jobs and their dead letters.

mod control;
mod dead_letters;
mod empty;
mod inspect;
mod job_control;
mod job_handle;
mod limits;
mod stats;

pub use dead_letters::{DeadLetters, Edit, LengthAlerts, Redrive};
pub use empty::{Drain, Obliterate};
pub use inspect::JobPages;
pub use job_handle::JobHandle;
pub use limits::SetLimits;

use crate::{client::Client, job::QueueName, store::QueueStore};

/// One queue: add jobs, inspect them, and steer the queue.
///
/// Cheap to clone; all clones share the client's connection.
///
/// ```no_run
/// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
/// let orders = client.queue("orders")?;
/// orders.add("process_order", &serde_json::json!({"id": 42})).priority(-1).await?;
/// println!("{:?}", orders.counts().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    store: QueueStore,
}

impl Queue {
    pub(crate) fn new(client: Client, name: &QueueName) -> Self {
        let store = client.store().queue(name);
        Self { client, store }
    }

    /// The queue's name.
    #[must_use]
    pub fn name(&self) -> &QueueName {
        self.store.name()
    }

    pub(crate) fn store(&self) -> &QueueStore {
        &self.store
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

//! Floor 3: what producers and operators hold. A [`Client`] is a connection, a [`Queue`] one queue
//! through it, a [`JobHandle`] one job.

mod add;
mod ahead;
mod batcher;
mod broadcast;
mod bulk;
mod call;
mod client;
mod control;
mod handle;
mod inbox;
mod inspect;
mod letters;
mod limits;
mod overflow;
mod relay;
mod request;
mod stats;
mod topic;
pub(crate) mod trace;

pub use add::Add;
pub use broadcast::Announcement;
pub use bulk::{AddAll, BulkError};
pub use call::Call;
pub use client::{Client, ClientBuilder};
pub use handle::JobHandle;
pub use inspect::JobPages;
pub use letters::{DeadLetters, Redrive};
pub use limits::SetLimits;

pub use topic::{
    Bind, Binding, Publish, PublishAll, PublishAllError, QueueLag, Receipt, Start, Topic,
    TopicStats,
};

pub(crate) use relay::Relays;
pub(crate) use topic::Subscription;

use crate::{job::QueueName, store::QueueStore};

/// One queue: add to it, look into it, steer it.
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

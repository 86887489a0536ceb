//! Queues: steering and inspecting them, their jobs and their dead letters.

mod bulk;
mod cancel;
mod control;
mod dead_letters;
mod edit;
mod empty;
mod find;
mod glance;
mod group_limits;
mod groups;
mod history;
mod inspect;
mod job_control;
mod job_handle;
mod limits;
mod pace;
mod queues;
mod relocate;
mod retry;
mod revise;
mod signal;
mod stats;
mod steps;
mod throttles;
mod unique_key;
mod workers;

pub use bulk::{Bulk, BulkReport, CancelJobs, MoveJobs, RedriveJobs, RemoveJobs, RetryJobs};
pub(crate) use cancel::setters as cancel_setters;
pub use cancel::{Cancel, CancelAll};
pub use dead_letters::{DeadLetters, Edit, LengthAlerts, Redrive};
pub use edit::EditJob;
pub use empty::{Drain, Obliterate};
pub use find::{Find, FoundJob, Looked, Search, SearchCursor, SearchPage};
pub use group_limits::{HeldGroup, SetLimitsOfGroup, WhyHeld};
pub use groups::{GroupInfo, Groups};
pub use history::ReadHistory;
pub use inspect::JobPages;
pub use job_handle::{Added, JobHandle};
pub use limits::SetLimits;
pub use queues::{QueueEntry, QueuePage, Queues, Rescan};
pub use retry::Retry;
pub use signal::Signalled;
pub use steps::{JobStep, JobSteps, StepsWait};
pub use throttles::{HandlerThrottle, KeyThrottle, Throttles};
pub use unique_key::UniqueKey;
pub use workers::WorkerInfo;

use crate::{
    client::{Act, Affected, Client},
    error::Result,
    job::QueueName,
    store::QueueStore,
};

/// One queue: add jobs, inspect them, and steer the queue.
///
/// Cheap to clone; all clones share the client's connection.
///
/// # Cancel safety
/// Each of its calls is carried out or not if its future is dropped, and harms no other. Those that
/// work in steps, such as [`retry_failed`](Self::retry_failed), [`clean`](Self::clean),
/// [`drain`](Self::drain) and [`obliterate`](Self::obliterate), have made some of their steps then;
/// call them again for the rest.
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

impl Client {
    /// A queue by its name. Nothing is sent: a queue exists as soon as something is in it.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn queue(&self, name: impl AsRef<str>) -> Result<Queue> {
        let store = self.store().queue(&name.as_ref().parse()?);
        Ok(Queue::new(self.clone(), store))
    }
}

impl Queue {
    /// A queue whose store is there already: making one writes all its keys, too much for each add.
    pub(crate) fn new(client: Client, store: QueueStore) -> Self {
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

    /// Carries out what an operator does to the queue, and notes it if somebody acts.
    pub(crate) fn audited<'a, T, E>(
        &'a self,
        action: &'static str,
        on: Option<&'a (dyn std::fmt::Display + Sync)>,
        call: impl Future<Output = Result<T, E>> + 'a,
    ) -> impl Future<Output = Result<T, E>> + 'a
    where
        T: Affected + 'a,
        E: std::error::Error + 'a,
    {
        let act = Act::new(action, self.name());
        self.client.audited(on.map_or(act, |on| act.on(on)), call)
    }
}

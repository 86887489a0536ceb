//! A worker that runs one job at a time, when it is told which. For tests.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;

use super::{
    broadcast::{Listeners, hear_late},
    pump::{OneEnd, PumpConfig},
    registry::Registry,
    run::RunWatch,
    runtime::Worker,
    schedules, sources,
    states::States,
};
use crate::{
    client::Client,
    clock,
    error::Result,
    job::{JobId, QueueName},
    store::OneJob,
    task::boxed,
};

/// The handlers and listeners of a worker, one job at a time.
pub(crate) struct OneByOne {
    pumps: BTreeMap<QueueName, PumpConfig>,
    listeners: Arc<Listeners>,
    states: Arc<States>,
    watch: RunWatch,
}

impl Worker {
    /// The same handlers, states and hooks for jobs one at a time.
    pub(crate) fn one_by_one(&mut self, watch: RunWatch) -> OneByOne {
        if let Some(hook_task) = self.hook_task.take() {
            tokio::spawn(boxed(hook_task.run()));
        }
        let pumps = self.registries.iter().map(|(queue, it)| (queue.clone(), self.pump(queue, it)));
        OneByOne {
            pumps: pumps.collect(),
            listeners: self.listeners.clone(),
            states: self.states.clone(),
            watch,
        }
    }
}

/// Queues that a worker doesn't run for a while, with its handlers for them.
pub(crate) type QueuesAside = BTreeMap<QueueName, Arc<Registry>>;

impl Worker {
    /// Runs this queue alone from now on. Answers the others.
    pub(crate) fn put_aside(&mut self, only: &QueueName) -> QueuesAside {
        self.registries.extract_if(.., |queue, _| queue != only).collect()
    }

    pub(crate) fn take_back(&mut self, others: QueuesAside) {
        self.registries.extend(others);
    }

    /// Its listeners hear nothing by themselves from now on.
    pub(crate) fn hears_nothing(&mut self) {
        self.listeners = Arc::default();
    }
}

impl OneByOne {
    /// The queues of its handlers.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &QueueName> {
        self.pumps.keys()
    }

    pub(crate) fn has_handler(&self, queue: &str, name: &str) -> bool {
        self.pumps.get(queue).is_some_and(|pump| pump.registry.get(name).is_some())
    }

    /// Binds the queues of handlers that subscribe to topics, as a worker does when it starts.
    pub(crate) async fn subscribe(&self, client: &Client) -> Result<()> {
        for pump in self.pumps.values() {
            sources::subscribe(client, pump).await?;
        }
        Ok(())
    }

    /// Makes the schedules that handlers declare, as a worker does when it starts.
    pub(crate) async fn declare(&self, client: &Client) -> Result<()> {
        for pump in self.pumps.values() {
            schedules::declare(client, pump).await?;
        }
        Ok(())
    }

    /// The jobs that wait and may run.
    pub(crate) async fn ready(&self) -> Result<Vec<(QueueName, JobId)>> {
        let (now, mut ready) = (clock::now().timestamp_millis(), Vec::new());
        for (queue, pump) in &self.pumps {
            let ids = pump.store.ready(now).await?;
            ready.extend(ids.into_iter().map(|id| (queue.clone(), id)));
        }
        Ok(ready)
    }

    /// Runs a job that waits, or a new one. None if it doesn't wait any more, or its queue has no
    /// handler here.
    pub(crate) async fn run(
        &self,
        queue: &str,
        id: &JobId,
        new: Option<OneJob>,
    ) -> Result<Option<OneEnd>> {
        let Some(pump) = self.pumps.get(queue) else { return Ok(None) };
        // A handler that adds a job which is run at once comes here again.
        Box::pin(pump.run_one(id, new, self.watch.crashes())).await
    }

    pub(crate) fn listens_to(&self, channel: &QueueName) -> bool {
        !self.listeners.of(channel).is_empty()
    }

    /// Has the listeners hear a message.
    pub(crate) async fn hear(&self, channel: &QueueName, message: &Bytes) -> Result<()> {
        hear_late(&self.listeners, &self.states, channel, message).await
    }
}

impl fmt::Debug for OneByOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pumps.keys()).finish()
    }
}

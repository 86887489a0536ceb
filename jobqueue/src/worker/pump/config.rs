//! The settings of a pump.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::watch;

use super::lease::Lease;
use crate::{
    client::Client,
    job::{QueueName, WorkerId},
    store::QueueStore,
    worker::{
        config::Config, registry::Registry, signals::Phase, states::States, telemetry::Telemetry,
        ticks::TellTicks,
    },
};

/// The settings of a pump.
#[derive(Clone)]
pub(crate) struct PumpConfig {
    /// Starts flows for jobs that wait for them.
    pub(crate) client: Client,
    pub(crate) store: QueueStore,
    pub(crate) registry: Arc<Registry>,
    pub(crate) config: Arc<Config>,
    pub(crate) states: Arc<States>,
    pub(crate) telemetry: Telemetry,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) lease: Arc<Lease>,
    /// Hears when the first schedule is due.
    pub(crate) ticks: TellTicks,
    /// The name under which this process looks after schedules.
    pub(crate) ticker: WorkerId,
}

impl PumpConfig {
    /// The dead-letter queues that the worker and its handlers name for jobs of the queue.
    pub(crate) fn dead_letters(&self) -> BTreeSet<QueueName> {
        self.registry.dead_letters().chain(&self.config.dead_letter).cloned().collect()
    }
}

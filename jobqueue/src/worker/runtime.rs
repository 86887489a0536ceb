//! The life of a worker: start its pumps, wait until it should stop, drain.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tracing::{error, info};

use super::{
    broadcast::{Listeners, Subscriber},
    config::Config,
    handle::WorkerHandle,
    pump::{Pump, PumpConfig, lease},
    registry::Registry,
    schedules,
    signals::Signals,
    sources,
    states::States,
    telemetry::HookTask,
    ticks::{TellTicks, TickerName},
};
use crate::{
    client::Client,
    error::{Error, Result},
    job::QueueName,
    task::boxed,
};

/// A worker: it fetches jobs of its handlers' queues and runs them.
///
/// ```no_run
/// # use jobqueue::{job, Client, State, Worker};
/// # #[derive(Clone)] struct Db;
/// # #[job(queue = "orders")]
/// # async fn process_order(_order: u64, _db: State<Db>) {}
/// # async fn example(client: Client, db: Db) -> jobqueue::Result<()> {
/// Worker::builder(&client)
///     .state(db)
///     .handler(process_order)
///     .concurrency(100)
///     .run() // until SIGTERM or SIGINT
///     .await
/// # }
/// ```
///
/// # Metrics
///
/// With the feature `metrics` a worker reports to the facade of that name. Handles are made when
/// they are first used, so install a recorder before the first job runs. These are of one process;
/// [`Queue::stats`](crate::Queue::stats) is of all workers together.
///
/// | name | type | labels | what |
/// | --- | --- | --- | --- |
/// | `jobqueue_worker_started_total` | counter | `queue`, `job` | runs that began |
/// | `jobqueue_worker_completed_total` | counter | `queue`, `job` | runs that succeeded |
/// | `jobqueue_worker_retried_total` | counter | `queue`, `job` | runs that failed, and whose jobs are retried |
/// | `jobqueue_worker_failed_total` | counter | `queue`, `job` | jobs that failed for good, also those that were not run |
/// | `jobqueue_worker_dead_lettered_total` | counter | `queue`, `job` | those of them that went to a dead-letter queue |
/// | `jobqueue_worker_released_total` | counter | `queue` | jobs released without a run that counts |
/// | `jobqueue_worker_lost_total` | counter | `queue` | jobs lost with the worker's lease |
/// | `jobqueue_worker_wait_seconds` | histogram | `queue`, `job` | how long first attempts waited, as in [`QueueStats::wait`](crate::stats::QueueStats::wait) |
/// | `jobqueue_worker_run_seconds` | histogram | `queue`, `job` | how long runs took |
/// | `jobqueue_worker_batch_jobs` | histogram | `queue`, `job` | how many jobs [batches](crate::docs::batches) had |
/// | `jobqueue_worker_running` | gauge | `queue` | runs that are alive, a batch as one |
/// | `jobqueue_worker_slots` | gauge | `queue` | how many there may be |
///
/// The label `job` is the handler's name, and `unknown` for jobs that have no handler here.
#[derive(Debug)]
pub struct Worker {
    pub(crate) client: Client,
    pub(crate) config: Arc<Config>,
    pub(crate) states: Arc<States>,
    pub(crate) registries: BTreeMap<QueueName, Arc<Registry>>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) handle: WorkerHandle,
    /// Hooks, until the worker starts.
    pub(crate) hook_task: Option<HookTask>,
}

impl Worker {
    /// A handle that controls the worker and follows its events.
    #[must_use]
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// Runs until SIGTERM or SIGINT, and then drains: it stops fetching, lets runs end until the
    /// [drain timeout](super::WorkerBuilder::drain_timeout), and gives back the rest. A second
    /// signal ends the draining.
    ///
    /// While Redis can't be reached the worker retries, and keeps outcomes until they are settled.
    ///
    /// # Cancel safety
    /// Dropped, it ends as a process that is killed: its runs end where they are, and its jobs run
    /// elsewhere when its [lease](super::WorkerBuilder::lease) is over. Have it stop by its
    /// [handle](Self::handle) or by [`run_until`](Self::run_until).
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Layout`](crate::error::Refused::Layout) if a queue has the layout
    /// of another version of this library; no error that passes by itself.
    pub async fn run(self) -> Result<()> {
        let mut signals = Signals::install()?;
        let (handle, drain) = (self.handle.clone(), self.config.drain);
        let second = handle.clone();
        let work = self.run_until(async move {
            let signal = signals.next().await;
            info!(signal, ?drain, "stopping: runs may end, a second signal ends them");
            tokio::spawn(boxed(async move {
                let signal = signals.next().await;
                info!(signal, "stopping at once");
                second.stop(Duration::ZERO);
            }));
        });
        work.await
    }

    /// Runs until `stop` is ready or [`WorkerHandle::stop`] is called, and then drains, as
    /// [`run`](Self::run) does. Installs no signal handlers.
    ///
    /// # Errors
    /// As of [`run`](Self::run).
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> Result<()> {
        self.run_once_until(stop).await
    }

    /// The same, after which it may run again. What handlers have in this process, such as their
    /// breakers, lasts.
    pub(crate) async fn run_once_until(&mut self, stop: impl Future<Output = ()>) -> Result<()> {
        let (handle, drain) = (self.handle.clone(), self.config.drain);
        let (pumps, _runs) = self.start()?;
        let joined = join(pumps, &handle);
        tokio::pin!(joined);
        let ended = tokio::select! {
            biased;
            result = &mut joined => Some(result),
            () = stop => None,
        };
        let ended = match ended {
            Some(result) => result,
            None => {
                handle.stop(drain);
                joined.await
            }
        };
        handle.telemetry().flush().await;
        ended
    }

    /// The settings of the pump of a queue.
    pub(super) fn pump(&self, queue: &QueueName, registry: &Arc<Registry>) -> PumpConfig {
        let store = self.client.store().queue(queue);
        PumpConfig {
            lease: lease::Lease::new(&store, self.config.lease),
            store,
            registry: Arc::clone(registry),
            config: Arc::clone(&self.config),
            states: Arc::clone(&self.states),
            telemetry: self.handle.telemetry().clone(),
            phase: self.handle.phase(),
            client: self.client.clone(),
            ticks: TellTicks::new(),
            ticker: self.client.shared::<TickerName>().name().clone(),
        }
    }

    /// Starts the pumps. The worker counts as alive until the second of the answer is dropped.
    fn start(&mut self) -> Result<(JoinSet<Result<()>>, Arc<()>)> {
        let mut pumps = JoinSet::new();
        let mut leases = Vec::new();
        if let Some(hook_task) = self.hook_task.take() {
            tokio::spawn(boxed(hook_task.run()));
        }
        for (queue, registry) in &self.registries {
            let config = self.pump(queue, registry);
            leases.push(config.lease.clone());
            let client = self.client.clone();
            pumps.spawn(boxed(async move {
                if sources::subscribe(&client, &config).await?
                    && schedules::declare(&client, &config).await?
                {
                    supervise(config).await?;
                }
                Ok(())
            }));
        }
        if !self.listeners.is_empty() {
            let subscriber = Subscriber {
                store: self.client.store().clone(),
                listeners: Arc::clone(&self.listeners),
                states: Arc::clone(&self.states),
                telemetry: self.handle.telemetry().clone(),
                phase: self.handle.phase(),
                slots: self.config.capacity.concurrency,
            };
            pumps.spawn(boxed(subscriber.run()));
        }
        lease::start(&leases, self.handle.telemetry().clone())?;
        Ok((pumps, self.handle.vitals().begin(&leases)))
    }
}

/// Runs a pump, and another one if it panics: a worker that lives on fetches. The runs of the first
/// are told to stop, and its jobs run again when its lease has run out.
async fn supervise(config: PumpConfig) -> Result<()> {
    let _sources = sources::look_after(&config);
    let _ticker = schedules::look_after(&config);
    loop {
        // A set of one: the pump is aborted with this task, should the worker be dropped.
        let mut pump = JoinSet::new();
        pump.spawn(boxed(Pump::from(config.clone()).run()));
        match pump.join_next().await {
            Some(Ok(ended)) => return ended,
            Some(Err(death)) if death.is_panic() => {
                let queue = config.store.name();
                error!(%queue, %death, "a pump panicked, a bug in jobqueue; starting another");
            }
            _ => return Err(Error::Closed),
        }
    }
}

/// Waits for all pumps. If one ends with an error, the others are told to stop.
async fn join(mut pumps: JoinSet<Result<()>>, handle: &WorkerHandle) -> Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = pumps.join_next().await {
        let ended = ended.unwrap_or(Err(Error::Closed));
        if ended.is_err() && outcome.is_ok() {
            outcome = ended;
            handle.stop(Duration::ZERO);
        }
    }
    outcome
}

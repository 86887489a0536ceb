//! A worker's life: start its pumps, wait for the word to stop, drain.

use std::sync::Arc;

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Duration, Instant},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info};

use super::{
    broadcast::Subscriber,
    builder::Worker,
    pump::{Lease, Pump, PumpConfig, lease},
    signals::{Phase, Signals},
    sources,
    telemetry::{EventSender, HookSender, WorkerEvents},
};
use crate::error::{Error, Result};

/// The way to steer a worker that runs, and to follow what it does. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkerHandle {
    phase: watch::Sender<Phase>,
    events: EventSender,
}

impl WorkerHandle {
    pub(crate) fn new(bell: HookSender) -> Self {
        Self { phase: watch::Sender::new(Phase::Working), events: EventSender::new(bell) }
    }

    /// Fetches no more; what runs goes on. For this worker alone: [`Queue::pause`](crate::Queue::pause)
    /// is for all.
    pub fn pause(&self) {
        self.change(Phase::Working, Phase::Paused);
    }

    /// Fetches again.
    pub fn resume(&self) {
        self.change(Phase::Paused, Phase::Working);
    }

    /// Stops: fetches no more, lets runs end for as long as `drain`, hands back what is left.
    ///
    /// A second call may only shorten the time.
    pub fn stop(&self, drain: Duration) {
        let deadline = Instant::now() + drain.min(Duration::from_secs(30 * 86_400));
        self.phase.send_if_modified(|phase| match phase {
            Phase::Draining(earlier) if *earlier <= deadline => false,
            _ => {
                *phase = Phase::Draining(deadline);
                true
            }
        });
    }

    /// The events of this worker from now on.
    #[must_use]
    pub fn events(&self) -> WorkerEvents {
        self.events.listen()
    }

    fn change(&self, from: Phase, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let fits = *phase == from;
            if fits {
                *phase = to;
            }
            fits
        });
    }
}

impl Worker {
    /// The way to steer the worker and to follow what it does.
    #[must_use]
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// Runs until SIGTERM or SIGINT, and then drains: it fetches no more, lets runs end until the
    /// [drain timeout](super::WorkerBuilder::drain_timeout), and hands back the rest. A second signal
    /// cuts the draining short.
    ///
    /// While Redis can't be reached the worker goes on trying, and keeps outcomes until they are settled.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Layout`](crate::error::Refused::Layout) if a queue is of another version than
    /// this library; nothing that passes by itself.
    pub async fn run(self) -> Result<()> {
        let mut signals = Signals::install()?;
        let (handle, drain) = (self.handle.clone(), self.config.drain);
        let second = handle.clone();
        let work = self.run_until(async move {
            let signal = signals.next().await;
            info!(signal, ?drain, "stopping: runs may end, a second signal ends them");
            tokio::spawn(async move {
                let signal = signals.next().await;
                info!(signal, "stopping at once");
                second.stop(Duration::ZERO);
            });
        });
        work.await
    }

    /// Runs until `stop` is ready or [`WorkerHandle::stop`] is called, and then drains, as
    /// [`run`](Self::run) does. Installs no signal handlers.
    ///
    /// # Errors
    /// As of [`run`](Self::run).
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<()> {
        let (handle, drain) = (self.handle.clone(), self.config.drain);
        let pumps = self.start()?;
        let joined = join(pumps, &handle);
        tokio::pin!(joined);
        let ended = tokio::select! {
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
        handle.events.flush().await;
        ended
    }

    fn start(self) -> Result<JoinSet<Result<()>>> {
        let mut pumps = JoinSet::new();
        let mut leases = Vec::new();
        if let Some(hook_task) = self.hook_task {
            tokio::spawn(hook_task.listen());
        }
        for (queue, registry) in self.registries {
            let store = self.client.store().queue(&queue);
            let lease = Lease::new(&store, self.config.lease);
            leases.push(lease.clone());
            let parts = PumpConfig {
                store,
                registry: Arc::new(registry),
                config: Arc::clone(&self.config),
                states: Arc::clone(&self.states),
                events: self.handle.events.clone(),
                phase: self.handle.phase.subscribe(),
                lease,
                relays: self.client.relays().clone(),
            };
            let client = self.client.clone();
            pumps.spawn(async move {
                if sources::subscribe(&client, &parts).await? {
                    supervise(parts).await?;
                }
                Ok(())
            });
        }
        if !self.listeners.is_empty() {
            let subscriber = Subscriber {
                store: self.client.store().clone(),
                listeners: Arc::new(self.listeners),
                states: self.states,
                events: self.handle.events.clone(),
                phase: self.handle.phase.subscribe(),
                slots: self.config.slots.concurrency,
            };
            pumps.spawn(subscriber.run());
        }
        lease::start(&leases, self.handle.events.clone())?;
        Ok(pumps)
    }
}

/// Runs a pump, and another one if it panics: a worker never lives on deaf. Its runs are told to stop, and
/// its jobs run again when its lease has run out.
async fn supervise(parts: PumpConfig) -> Result<()> {
    let _care = sources::look_after(&parts.store, &parts.relays);
    loop {
        // Aborted with this task, should the worker be dropped.
        let pump = AbortOnDropHandle::new(tokio::spawn(Pump::new(parts.clone()).run()));
        match pump.await {
            Ok(ended) => return ended,
            Err(death) if death.is_panic() => {
                error!(queue = %parts.store.name(), %death, "a pump panicked, which is a bug in jobqueue; starting another");
            }
            Err(_) => return Err(Error::Closed),
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

//! The handle of a worker: pause, resume, stop, events.

use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use super::{
    health::{Vitals, WorkerHealth},
    signals::Phase,
    telemetry::{HookSender, Outage, Telemetry, WorkerEvents},
};

/// Controls a worker that runs, and follows its events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkerHandle {
    phase: watch::Sender<Phase>,
    telemetry: Telemetry,
    vitals: Vitals,
}

impl WorkerHandle {
    pub(super) fn new(hooks: HookSender, outage: Outage) -> Self {
        let telemetry = Telemetry::new(hooks, outage);
        let phase = watch::Sender::new(Phase::Working);
        Self { phase, telemetry, vitals: Vitals::default() }
    }

    /// A worker that has ended may run again.
    #[cfg(feature = "testing")]
    pub(crate) fn begin(&self) {
        self.phase.send_if_modified(|phase| {
            let ended = matches!(phase, Phase::Draining(_));
            if ended {
                *phase = Phase::Working;
            }
            ended
        });
    }

    pub(super) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    pub(super) fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// The phase, for tasks that follow it.
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Stops fetching; runs go on. This concerns one worker: [`Queue::pause`](crate::Queue::pause)
    /// pauses all.
    pub fn pause(&self) {
        self.change(Phase::Working, Phase::Paused);
    }

    /// Fetches again.
    pub fn resume(&self) {
        self.change(Phase::Paused, Phase::Working);
    }

    /// Stops the worker: it stops fetching, lets runs end for as long as `drain`, and gives back
    /// the rest.
    ///
    /// A second call can only shorten the time.
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

    /// How the worker is: whether it is live and ready, and else why not. It asks nobody.
    ///
    /// ```
    /// # use jobqueue::WorkerHandle;
    /// # fn example(handle: &WorkerHandle) {
    /// let health = handle.health();
    /// if !health.is_ready() {
    ///     for problem in health.problems() {
    ///         println!("not ready: {problem}");
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> WorkerHealth {
        self.vitals.health(*self.phase.borrow())
    }

    /// Events of this worker from now on. A subscriber that falls far behind misses some.
    #[must_use]
    pub fn events(&self) -> WorkerEvents {
        self.telemetry.subscribe()
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

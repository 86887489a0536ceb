//! Telemetry: everything that a worker tells of itself. Each occurrence has one method, and behind
//! it stand the log, events, hooks, metrics and histograms.
//!
//! [`Telemetry`] is the worker's, and the only sender of events. [`RunTelemetry`] is about one run,
//! and [`QueueTelemetry`] is a pump's own.

mod events;
mod histograms;
mod hooks;
mod metrics;
mod outage;
mod queue;
mod run;
mod schedules;
mod sender;
mod stream;
mod times;

pub use events::WorkerEvent;
pub use hooks::{Alert, DeadLettered};
pub(crate) use hooks::{HookSender, HookTask, Hooks};
pub(crate) use metrics::JobMetrics;
pub(crate) use outage::Outage;
pub(crate) use queue::QueueTelemetry;
pub(crate) use run::RunTelemetry;
pub use stream::WorkerEvents;
pub(crate) use times::Times;

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, error, info, warn};

use self::{hooks::HookCall, outage::LogLine, sender::EventSender};
use crate::{
    error::Error,
    error_chain::chain,
    job::{CancelReason, JobFailure, JobId, JobName, QueueName},
    policy::Change,
};

/// What a worker tells of itself. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    events: EventSender,
    hooks: HookSender,
    outage: Outage,
}

impl Telemetry {
    pub(crate) fn new(hooks: HookSender, outage: Outage) -> Self {
        Self { events: EventSender::new(), hooks, outage }
    }

    pub(crate) fn subscribe(&self) -> WorkerEvents {
        self.events.subscribe()
    }

    /// Waits until all hooks so far are called.
    pub(crate) async fn flush(&self) {
        self.hooks.flush().await;
    }

    pub(crate) fn started(&self, id: &JobId, name: &JobName, attempt: u32) {
        self.events.send(|| WorkerEvent::Started { id: id.clone(), name: name.clone(), attempt });
    }

    pub(crate) fn completed(&self, id: &JobId, name: &JobName, took: Duration) {
        self.events.send(|| WorkerEvent::Completed { id: id.clone(), name: name.clone(), took });
    }

    pub(crate) fn retrying(&self, id: &JobId, failure: JobFailure, delay: Duration) {
        self.events.send(|| WorkerEvent::Retrying { id: id.clone(), failure, delay });
    }

    /// A job failed for good; it may go to a dead-letter queue.
    pub(crate) fn failed(&self, id: &JobId, failure: JobFailure, dead_letter: Option<QueueName>) {
        if let Some(to) = &dead_letter
            && self.hooks.is_used()
        {
            let (id, to, failure) = (id.clone(), to.clone(), failure.clone());
            self.hooks.send(|| HookCall::DeadLettered(DeadLettered { id, to, failure }));
        }
        self.events.send(|| WorkerEvent::Failed { id: id.clone(), failure });
        if let Some(to) = dead_letter {
            self.events.send(|| WorkerEvent::DeadLettered { id: id.clone(), to });
        }
    }

    pub(crate) fn released(&self, id: &JobId) {
        self.events.send(|| WorkerEvent::Released { id: id.clone() });
    }

    pub(crate) fn suspended(&self, id: &JobId) {
        self.events.send(|| WorkerEvent::Suspended { id: id.clone() });
    }

    pub(crate) fn cancelled(&self, id: &JobId, reason: &CancelReason) {
        self.events.send(|| WorkerEvent::Cancelled { id: id.clone(), reason: reason.clone() });
    }

    pub(crate) fn lost(&self, id: &JobId) {
        self.events.send(|| WorkerEvent::Lost { id: id.clone() });
    }

    /// An error needs a person. The run's span says which run.
    pub(crate) fn alert(&self, alert: Alert) {
        let Alert { class, failure, .. } = &alert;
        error!(%class, %failure, "an error that needs a person");
        self.events.send(|| WorkerEvent::Alert(alert.clone()));
        self.hooks.send(|| HookCall::Alert(alert));
    }

    pub(crate) fn breaker(&self, queue: &QueueName, name: &JobName, change: Change) {
        match change {
            Change::Opened(pause) => {
                warn!(%name, ?pause, "the breaker has opened: no run of this name starts");
            }
            Change::Closed => info!(%name, "the breaker has closed: jobs of this name run again"),
        }
        let (queue, name) = (|| queue.clone(), || name.clone());
        self.events.send(|| match change {
            Change::Opened(pause) => {
                WorkerEvent::BreakerOpened { queue: queue(), name: name(), pause }
            }
            Change::Closed => WorkerEvent::BreakerClosed { queue: queue(), name: name() },
        });
    }

    /// A call to Redis failed, and is retried.
    pub(crate) fn unavailable(&self, queue: &QueueName, error: &Error) {
        self.log_failure(queue, error, "a call failed; retrying");
        let reason = || error.to_string();
        self.events.send(|| WorkerEvent::Unavailable { queue: queue.clone(), reason: reason() });
    }

    /// A pump has joined its queue, at the start or after a failure.
    pub(crate) fn joined(&self, queue: &QueueName, held: usize) {
        debug!(%queue, held, "joined");
        if let LogLine::Ends(after) = self.outage.answered() {
            info!(?after, "redis answers again");
        }
        self.events.send(|| WorkerEvent::Recovered { queue: queue.clone() });
    }

    /// Redis refuses to let a pump wait.
    pub(crate) fn polling(&self, queue: &QueueName, error: &Error) {
        warn!(
            %queue,
            error = %chain(error),
            "redis refuses to let this worker wait for jobs: it looks about once a second instead"
        );
        let reason = || error.to_string();
        self.events.send(|| WorkerEvent::Polling { queue: queue.clone(), reason: reason() });
    }

    pub(crate) fn stuck(&self, queue: &QueueName, since: Duration) {
        error!(
            %queue,
            ?since,
            "the pump has made no step: a handler blocks the runtime; use `blocking`, or more threads"
        );
        self.events.send(|| WorkerEvent::Stuck { queue: queue.clone(), since });
    }

    pub(crate) fn heartbeat_failed(&self, queue: &QueueName, error: &Error) {
        self.log_failure(queue, error, "a heartbeat failed: the lease was not moved");
    }

    /// The subscription to broadcasts is lost, or could not be made.
    pub(crate) fn not_listening(&self, channels: &[QueueName], error: &Error) {
        if let Some(channel) = channels.first() {
            self.log_failure(channel, error, "the subscription to broadcasts failed; retrying");
        }
    }

    /// An outage is one line, whatever fails meanwhile. Other errors are told each time.
    fn log_failure(&self, queue: &QueueName, error: &Error, what: &'static str) {
        if !matches!(error, Error::Unavailable { .. }) {
            warn!(%queue, error = %chain(error), "{what}");
            return;
        }
        match self.outage.failed() {
            LogLine::Begins => warn!(
                %queue,
                error = %chain(error),
                "redis is unavailable: the workers of this client retry until it is back"
            ),
            LogLine::GoesOn(since) => {
                warn!(?since, error = %chain(error), "redis is still unavailable");
            }
            LogLine::None | LogLine::Ends(_) => debug!(%queue, error = %chain(error), "{what}"),
        }
    }

    /// The subscription to broadcasts is there again after a while without.
    pub(crate) fn broadcasts_missed(&self, since: Instant) {
        let since = since.elapsed();
        warn!(?since, "broadcasts were missed: there was no subscription for a while");
        self.events.send(|| WorkerEvent::BroadcastsMissed);
    }

    /// A broadcast came while the buffer was full.
    pub(crate) fn broadcast_dropped(&self) {
        warn!("a broadcast is dropped: listeners are too slow");
        self.events.send(|| WorkerEvent::BroadcastsMissed);
    }
}

//! What happens in one worker, for hooks and metrics.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::broadcast;

use super::{
    hooks::{Alert, DeadLettered, HookCall, HookSender},
    stream::WorkerEvents,
};
use crate::job::{JobFailure, JobId, JobName, QueueName};

/// Something that happened in one worker. Follow them with [`WorkerHandle::events`](crate::WorkerHandle::events).
///
/// They tell of this process; what happens in a queue over all processes is in
/// [`Queue::events`](crate::Queue::events).
///
/// Serialized, each event is an object with its `kind` in `snake_case` and its fields:
/// `{"kind": "completed", "id": "01J…", "name": "ship", "took_ms": 12.5}`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WorkerEvent {
    /// A run began.
    Started {
        /// The job.
        id: JobId,
        /// Its name.
        name: JobName,
        /// Which attempt.
        attempt: u32,
    },
    /// A run ended well.
    Completed {
        /// The job.
        id: JobId,
        /// Its name.
        name: JobName,
        /// How long the run took.
        #[serde(rename = "took_ms", serialize_with = "crate::json::millis")]
        took: Duration,
    },
    /// A run failed, and the job will be tried again.
    Retrying {
        /// The job.
        id: JobId,
        /// Why.
        failure: JobFailure,
        /// When.
        #[serde(rename = "delay_ms", serialize_with = "crate::json::millis")]
        delay: Duration,
    },
    /// A job failed for good.
    Failed {
        /// The job.
        id: JobId,
        /// Why.
        failure: JobFailure,
    },
    /// An error of a class that somebody has to see to; see [`RetryRule::alert`](crate::retry::RetryRule::alert).
    Alert(Alert),
    /// A job that failed for good goes to a dead-letter queue.
    DeadLettered {
        /// The job.
        id: JobId,
        /// Where it goes.
        to: QueueName,
    },
    /// A job went back without a run that counts: a shutdown, a rate limit, an unknown name.
    Released {
        /// The job.
        id: JobId,
    },
    /// The worker lost a job that it was running: its outcome will be refused.
    Lost {
        /// The job.
        id: JobId,
    },
    /// Broadcasts were missed: the subscription was lost for a while, or listeners are too slow. What they keep up
    /// to date may be stale: empty it.
    BroadcastsMissed,
    /// A handler failed too often in a row: its jobs are left alone; see [`Breaker`](crate::retry::Breaker).
    BreakerOpened {
        /// The queue.
        queue: QueueName,
        /// The handler's name.
        name: JobName,
        /// For how long, before one of them probes.
        #[serde(rename = "pause_ms", serialize_with = "crate::json::millis")]
        pause: Duration,
    },
    /// A probe has succeeded: the handler's jobs run again.
    BreakerClosed {
        /// The queue.
        queue: QueueName,
        /// The handler's name.
        name: JobName,
    },
    /// A call to Redis failed; the worker goes on trying.
    Unavailable {
        /// The queue.
        queue: QueueName,
        /// What the call said.
        reason: String,
    },
    /// The worker reaches Redis again.
    Recovered {
        /// The queue.
        queue: QueueName,
    },
    /// A pump made no turn for far too long: a handler blocks the runtime, most likely.
    Stuck {
        /// The queue.
        queue: QueueName,
        /// For how long.
        #[serde(rename = "since_ms", serialize_with = "crate::json::millis")]
        since: Duration,
    },
    /// This subscriber to the worker's events fell behind, and missed some.
    EventsMissed {
        /// How many.
        count: u64,
    },
}

/// Events that a slow listener may be behind before it misses some.
const BACKLOG: usize = 4_096;

/// The way from a worker to whoever listens. Costs nothing while nobody does.
#[derive(Clone, Debug)]
pub(crate) struct EventSender {
    events: broadcast::Sender<WorkerEvent>,
    bell: HookSender,
}

impl EventSender {
    pub(crate) fn new(bell: HookSender) -> Self {
        Self { events: broadcast::channel(BACKLOG).0, bell }
    }

    pub(crate) fn say(&self, event: impl FnOnce() -> WorkerEvent) {
        if self.events.receiver_count() > 0 {
            let _ = self.events.send(event());
        }
    }

    /// A job failed for good, and perhaps there is a letter.
    pub(crate) fn failed(&self, id: &JobId, failure: JobFailure, dead_letter: Option<QueueName>) {
        if let Some(to) = &dead_letter
            && self.bell.is_heard()
        {
            let (id, to, failure) = (id.clone(), to.clone(), failure.clone());
            self.bell.ring(|| HookCall::DeadLettered(DeadLettered { id, to, failure }));
        }
        self.say(|| WorkerEvent::Failed { id: id.clone(), failure });
        if let Some(to) = dead_letter {
            self.say(|| WorkerEvent::DeadLettered { id: id.clone(), to });
        }
    }

    /// Somebody has to see to it.
    pub(crate) fn alert(&self, alert: Alert) {
        self.say(|| WorkerEvent::Alert(alert.clone()));
        self.bell.ring(|| HookCall::Alert(alert));
    }

    /// Waits until the hooks have been told all.
    pub(crate) async fn flush(&self) {
        self.bell.flush().await;
    }

    pub(crate) fn listen(&self) -> WorkerEvents {
        WorkerEvents::new(self.events.subscribe())
    }
}

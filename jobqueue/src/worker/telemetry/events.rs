//! Events: what happens in one worker, for its subscribers.

use std::time::Duration;

use serde::Serialize;

use super::hooks::Alert;
use crate::job::{CancelReason, JobFailure, JobId, JobName, QueueName, ScheduleId};

/// An event in one worker. Subscribe with [`WorkerHandle::events`](crate::WorkerHandle::events).
///
/// These events are about one process; those of a queue over all processes are in
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
    /// A run succeeded.
    Completed {
        /// The job.
        id: JobId,
        /// Its name.
        name: JobName,
        /// How long the run took.
        #[serde(rename = "took_ms", serialize_with = "crate::json::millis")]
        took: Duration,
    },
    /// A run failed, and the job will be retried.
    Retrying {
        /// The job.
        id: JobId,
        /// Why.
        failure: JobFailure,
        /// After which delay.
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
    /// An error of a class that needs a person; see
    /// [`RetryRule::alert`](crate::retry::RetryRule::alert).
    Alert(Alert),
    /// A job that failed for good goes to a dead-letter queue.
    DeadLettered {
        /// The job.
        id: JobId,
        /// Where it goes.
        to: QueueName,
    },
    /// A job ended as cancelled while this worker held it.
    Cancelled {
        /// The job.
        id: JobId,
        /// By whom and why.
        reason: CancelReason,
    },
    /// A job is back in its queue, and no attempt counts: after a shutdown, a rate limit, with an
    /// open breaker, or since this worker doesn't know its name.
    Released {
        /// The job.
        id: JobId,
    },
    /// A job waits without a run until its handler can go on, and no attempt counts.
    Suspended {
        /// The job.
        id: JobId,
    },
    /// The worker lost a job that it held: the outcome of its run will be refused.
    Lost {
        /// The job.
        id: JobId,
    },
    /// Broadcasts were missed: the subscription was lost for a while, or listeners are too slow.
    /// Caches that they keep up to date may be stale: clear them.
    BroadcastsMissed,
    /// A handler failed too often in a row: its jobs are paused; see
    /// [`Breaker`](crate::retry::Breaker).
    BreakerOpened {
        /// The queue.
        queue: QueueName,
        /// The handler's name.
        name: JobName,
        /// For how long, before one of its jobs probes.
        #[serde(rename = "pause_ms", serialize_with = "crate::json::millis")]
        pause: Duration,
    },
    /// A probe succeeded: the handler's jobs run again.
    BreakerClosed {
        /// The queue.
        queue: QueueName,
        /// The handler's name.
        name: JobName,
    },
    /// A call to Redis failed; the worker retries.
    Unavailable {
        /// The queue.
        queue: QueueName,
        /// The call's error.
        reason: String,
    },
    /// The worker reaches Redis again.
    Recovered {
        /// The queue.
        queue: QueueName,
    },
    /// Redis refuses to let the worker wait for jobs, by its ACL, a proxy, or a key of another
    /// type: it looks for them about once a second instead. Told once.
    Polling {
        /// The queue.
        queue: QueueName,
        /// The server's error.
        reason: String,
    },
    /// A pump made no step for far too long: most likely a handler blocks the runtime.
    Stuck {
        /// The queue.
        queue: QueueName,
        /// For how long.
        #[serde(rename = "since_ms", serialize_with = "crate::json::millis")]
        since: Duration,
    },
    /// A schedule that a handler declares is not as it is declared: an operator has paused it or
    /// chosen its timing, or another owner declares it.
    ScheduleKept {
        /// The queue.
        queue: QueueName,
        /// The schedule.
        schedule: ScheduleId,
        /// Why: `paused`, `moved`, or `another owner`.
        reason: String,
    },
    /// A schedule is removed, since its owner declares it no more.
    ScheduleRetired {
        /// The queue.
        queue: QueueName,
        /// The schedule.
        schedule: ScheduleId,
    },
    /// A schedule is due that this worker can't read: a newer version made it, or this program
    /// lacks the feature `schedules`. Other workers may fire it. Told once.
    ScheduleUnread {
        /// The queue.
        queue: QueueName,
        /// The schedule.
        schedule: ScheduleId,
        /// What it can't read.
        reason: String,
    },
    /// This subscriber to the worker's events fell behind, and missed some.
    EventsMissed {
        /// How many.
        count: u64,
    },
}

//! Calls that the server or a rule of the queue refused.

use std::time::Duration;

use super::Operation;
use crate::{
    error_chain::{Source, readable_debug},
    job::{JobId, JobState, QueueName, ScheduleId},
};

/// Why the server or a rule of the queue refused a call. It changed nothing, except where a variant
/// says so.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The queue holds as many jobs as it may.
    #[error(
        "queue {queue} is full with {cap} waiting and delayed jobs: add later, or raise its \
         `max_length`"
    )]
    #[non_exhaustive]
    QueueFull {
        /// The queue.
        queue: QueueName,
        /// Its limit.
        cap: u64,
    },
    /// There is no such job.
    #[error("queue {queue} has no job {id}: it was never added, or has been removed")]
    #[non_exhaustive]
    NotFound {
        /// The queue.
        queue: QueueName,
        /// The job.
        id: JobId,
    },
    /// There is no such queue: nothing was ever added to it, no worker has served it, and no limit
    /// is set; or it was obliterated.
    #[error(
        "failed to {operation}: there is no such queue; check its name, or make it with \
         `queue.create()`"
    )]
    #[non_exhaustive]
    NoSuchQueue {
        /// What was being done, on which queue.
        operation: Operation,
    },
    /// There is no such schedule.
    #[error("queue {queue} has no schedule {id}: it was never made, or has been removed")]
    #[non_exhaustive]
    NoSchedule {
        /// The queue.
        queue: QueueName,
        /// The schedule.
        id: ScheduleId,
    },
    /// The job is in a state in which this can't be done.
    #[error("failed to {operation}: the job is {state}, which doesn't allow this")]
    #[non_exhaustive]
    WrongState {
        /// What was being done, on which job.
        operation: Operation,
        /// The state of the job.
        state: JobState,
    },
    /// A job of the queue that this one is to go to has its id, and has not ended.
    #[error(
        "failed to {operation}: its new queue has job {holder}, of the same id; wait until that has \
         ended, or remove it"
    )]
    #[non_exhaustive]
    IdHeld {
        /// What was being done, on which job.
        operation: Operation,
        /// The job that has the id there.
        holder: JobId,
    },
    /// Another job has the unique key of this one.
    #[error(
        "failed to {operation}: job {holder} has its unique key; wait until that has ended, or \
         remove it"
    )]
    #[non_exhaustive]
    KeyHeld {
        /// What was being done, on which job.
        operation: Operation,
        /// The job that has the key.
        holder: JobId,
    },
    /// The job has gone to a dead-letter queue, and only a note of it is left.
    #[error(
        "failed to {operation}: its dead letter waits in a dead-letter queue; redrive it from there, or \
         add the job anew if that was removed"
    )]
    #[non_exhaustive]
    DeadLettered {
        /// What was being done, on which job.
        operation: Operation,
    },
    /// The flow has ended, and gets no more nodes.
    #[error(
        "failed to {operation}: the flow that is to have it as a node has ended; start another"
    )]
    #[non_exhaustive]
    FlowEnded {
        /// What was being done.
        operation: Operation,
    },
    /// Parts of the flow are missing: putting it together took longer than an hour.
    #[error("failed to {operation}: parts of it have lapsed before its last came; start it again")]
    #[non_exhaustive]
    FlowLapsed {
        /// What was being done.
        operation: Operation,
    },
    /// Others changed the job at the same time, again and again.
    #[error("failed to {operation}: others keep changing it, so try again later")]
    #[non_exhaustive]
    Conflict {
        /// What was being done, on which job.
        operation: Operation,
    },
    /// The queue has active jobs.
    #[error("queue {queue} has {active} active jobs: pause it and wait for them, or force it")]
    #[non_exhaustive]
    Busy {
        /// The queue.
        queue: QueueName,
        /// How many.
        active: u64,
    },
    /// Too many jobs would change their places.
    #[error(
        "queue {queue} has {jobs} waiting and active jobs, and its aging can be changed with {most} \
         at most: wait until there are fewer"
    )]
    #[non_exhaustive]
    TooManyToReorder {
        /// The queue.
        queue: QueueName,
        /// How many it has.
        jobs: u64,
        /// With how many its aging can be changed.
        most: u64,
    },
    /// As many signals of the job wait to be taken as are kept.
    #[error("failed to {operation}: {most} signals that it hasn't waited for are kept, the limit")]
    #[non_exhaustive]
    SignalsFull {
        /// What was being done, on which job.
        operation: Operation,
        /// How many are kept.
        most: u64,
    },
    /// The topic has as many bindings as it may.
    #[error("topic {topic} has {most} bindings, the limit: unbind some, or use another topic")]
    #[non_exhaustive]
    TooManyBindings {
        /// The topic.
        topic: QueueName,
        /// How many it may have.
        most: u64,
    },
    /// The job that is out by hand was cancelled: end it, by any acknowledgement. With a result it
    /// completes; otherwise it ends as cancelled.
    #[error("failed to {operation}: the job was cancelled; end it")]
    #[non_exhaustive]
    Cancelled {
        /// What was being done, on which job.
        operation: Operation,
    },
    /// The worker no longer holds the job: its lease ran out, or the job was removed.
    #[error(
        "failed to {operation}: the lease was lost, so another worker may run the job; stop this \
         run"
    )]
    #[non_exhaustive]
    LeaseLost {
        /// What was being done, on which job or queue.
        operation: Operation,
    },
    /// The queue is of another layout version than this library's.
    #[error(
        "queue {queue} has layout {found}, and this library knows {known}: use the same version \
         in all programs"
    )]
    #[non_exhaustive]
    Layout {
        /// The queue.
        queue: QueueName,
        /// The version in Redis.
        found: String,
        /// The version of this library.
        known: String,
    },
    /// It was written, but fewer replicas or disks than asked for confirmed it in time.
    #[error(
        "{}: written, but {confirmed} instead of {wanted} {by} confirmed it within {waited:?}; \
         check them before relying on it", .operation.target()
    )]
    #[non_exhaustive]
    NotDurable {
        /// What was written, and to which queue.
        operation: Operation,
        /// How many were asked for.
        wanted: u32,
        /// How many confirmed.
        confirmed: u32,
        /// Who was to confirm.
        by: &'static str,
        /// How long was waited.
        waited: Duration,
    },
    /// Redis has reached its `maxmemory` and takes no more writes.
    #[error(
        "failed to {operation}: redis has reached its maxmemory; raise it, or let workers drain \
         the queues"
    )]
    #[non_exhaustive]
    OutOfMemory {
        /// What was being done.
        operation: Operation,
    },
    /// The user or password is wrong, or the server's ACL forbids what was tried.
    #[error("failed to {operation}: redis denied it; check the user, its password and its ACL")]
    #[non_exhaustive]
    Permission {
        /// What was being done.
        operation: Operation,
        /// What the server said.
        source: Source,
    },
    /// Any other error of the server.
    #[error("failed to {operation}: redis answered an error")]
    #[non_exhaustive]
    Server {
        /// What was being done.
        operation: Operation,
        /// What the server said.
        source: Source,
    },
}

impl Refused {
    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::QueueFull { .. }
                | Self::OutOfMemory { .. }
                | Self::NotDurable { .. }
                | Self::Busy { .. }
                | Self::Conflict { .. }
        )
    }

    pub(super) fn operation_mut(&mut self) -> Option<&mut Operation> {
        match self {
            Self::NoSuchQueue { operation }
            | Self::WrongState { operation, .. }
            | Self::IdHeld { operation, .. }
            | Self::KeyHeld { operation, .. }
            | Self::DeadLettered { operation }
            | Self::FlowEnded { operation }
            | Self::FlowLapsed { operation }
            | Self::Conflict { operation }
            | Self::SignalsFull { operation, .. }
            | Self::Cancelled { operation }
            | Self::LeaseLost { operation }
            | Self::NotDurable { operation, .. }
            | Self::OutOfMemory { operation }
            | Self::Permission { operation, .. }
            | Self::Server { operation, .. } => Some(operation),
            Self::QueueFull { .. }
            | Self::NotFound { .. }
            | Self::NoSchedule { .. }
            | Self::Busy { .. }
            | Self::TooManyBindings { .. }
            | Self::TooManyToReorder { .. }
            | Self::Layout { .. } => None,
        }
    }
}

readable_debug!(Refused);

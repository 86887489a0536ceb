//! Errors, sorted by what a caller can do about them.
//!
//! | variant | what happened | what to do |
//! | --- | --- | --- |
//! | [`Error::Unavailable`] | Redis could not be reached in time | wait and repeat; an add may be repeated with its id |
//! | [`Error::Refused`] | Redis or a rule of the queue said no | decide: the reason is a type |
//! | [`Error::Invalid`] | an argument, an option, a name or the server's set-up is wrong | mend the program or the set-up |
//! | [`Error::Payload`] | a payload or result could not be written or read | mend the type or the data |
//! | [`Error::Corrupt`] | what stands in Redis is not what this library wrote | stop and look |
//! | [`Error::Closed`] | the client or worker has been shut down | nothing |

pub(crate) mod kind;

// Users find these two at the crate's root, and there alone.
pub(crate) use self::kind::{Error, Result};
pub use crate::{
    job::{FailureReason, JobFailure},
    value_error::{Corrupt, Invalid, PayloadError},
};

use std::time::Duration;

use crate::job::{JobId, JobState};

/// Why the server or a rule of the queue said no. Nothing was changed, except where a variant says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The queue holds as many jobs as it may.
    #[error(
        "queue {queue} is full: it may hold {cap} waiting and delayed jobs; add later, or raise its max_length"
    )]
    QueueFull {
        /// The queue.
        queue: String,
        /// Its limit.
        cap: u64,
    },
    /// There is no such job.
    #[error("there is no job {id}: it was never added, or has been removed")]
    NotFound {
        /// The job.
        id: JobId,
    },
    /// The job is in a state in which this can't be done.
    #[error("job {id} is {state}, which doesn't allow this")]
    WrongState {
        /// The job.
        id: JobId,
        /// Where it is.
        state: JobState,
    },
    /// The queue has active jobs.
    #[error("queue {queue} has {active} active jobs: pause it and wait for them, or use force")]
    Busy {
        /// The queue.
        queue: String,
        /// How many.
        active: u64,
    },
    /// The topic has as many bindings as it may.
    #[error(
        "topic {topic} has {most} bindings, as many as it may: unbind some, or use another topic"
    )]
    TooManyBindings {
        /// The topic.
        topic: String,
        /// How many it may have.
        most: u64,
    },
    /// The worker no longer holds the job: its lease ran out, or the job was removed.
    #[error("the lease on this job was lost")]
    LeaseLost,
    /// The queue is of another layout version than this library's.
    #[error("queue {queue} has layout {found}, this library knows {known}: use matching versions")]
    Layout {
        /// The queue.
        queue: String,
        /// The version in Redis.
        found: String,
        /// The version of this library.
        known: String,
    },
    /// The job was added, but fewer replicas than asked for confirmed it in time.
    #[error("added, but confirmed by {confirmed} instead of {wanted} {by} within {waited:?}")]
    NotDurable {
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
        "redis is out of memory (maxmemory reached): adds are refused until workers or an operator make room"
    )]
    OutOfMemory,
    /// The server is a read-only replica.
    #[error("this redis is a read-only replica: connect to the primary")]
    ReadOnly,
    /// The server's ACL forbids what was tried.
    #[error("redis denies permission: {0}")]
    Permission(String),
    /// Any other error of the server.
    #[error("redis answered an error: {0}")]
    Server(String),
}

impl Refused {
    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::QueueFull { .. }
                | Self::OutOfMemory
                | Self::ReadOnly
                | Self::NotDurable { .. }
                | Self::Busy { .. }
        )
    }
}

/// Why there is no result of a job.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The job failed for good.
    #[error("the job failed: {0}")]
    Failed(#[source] JobFailure),
    /// The job ended, or was removed, and its result is not kept; see [`Retain`](crate::Retain).
    #[error("the job is gone and its result wasn't kept: let the handler or the add retain it")]
    Gone,
    /// The result could not be waited for or read.
    #[error(transparent)]
    Error(#[from] Error),
}

/// Why a call has no result.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The job failed for good.
    #[error("the call failed: {0}")]
    Failed(#[source] JobFailure),
    /// There was no reply in time. The request may still run, or have run.
    #[error(
        "no reply within {0:?}: no worker serves the queue, it is busy, or the run takes longer"
    )]
    TimedOut(Duration),
    /// The request could not be sent, or its result not read.
    #[error(transparent)]
    Error(#[from] Error),
}

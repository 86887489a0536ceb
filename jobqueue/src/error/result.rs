//! Why a job or a call has no result.

use std::time::Duration;

use super::Error;
use crate::error_chain::readable_debug;
use crate::job::{CancelReason, FlowId, FlowState, JobFailure, JobId, JobName, QueueName};

/// Why there is no result of a job.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The job failed for good.
    #[error("job {id} in queue {queue} failed")]
    #[non_exhaustive]
    Failed {
        /// The queue.
        queue: QueueName,
        /// The job.
        id: JobId,
        /// How it failed.
        #[source]
        failure: JobFailure,
    },
    /// The job was cancelled.
    #[error("job {id} in queue {queue} was {reason}")]
    #[non_exhaustive]
    Cancelled {
        /// The queue.
        queue: QueueName,
        /// The job.
        id: JobId,
        /// By whom and why.
        reason: CancelReason,
    },
    /// The job ended, or was removed, and its result is not kept; see [`Retain`](crate::Retain).
    #[error(
        "job {id} in queue {queue} is gone and its result was not kept: set `retain` on its \
         handler or its add"
    )]
    #[non_exhaustive]
    Gone {
        /// The queue.
        queue: QueueName,
        /// The job.
        id: JobId,
    },
    /// The result could not be waited for or read.
    #[error(transparent)]
    Error(#[from] Error),
}

/// Why there is no result of a flow.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// A node has failed, and with it the flow.
    #[error("flow {id} in queue {home} failed at its node {node}")]
    #[non_exhaustive]
    Failed {
        /// The [home](crate::Flow::home) of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
        /// The node that failed it: its name, and its number if it is one of many.
        node: String,
        /// How that failed.
        #[source]
        failure: JobFailure,
    },
    /// The flow was cancelled.
    #[error("flow {id} in queue {home} was cancelled")]
    #[non_exhaustive]
    Cancelled {
        /// The home of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
    },
    /// The flow is not kept any more.
    #[error("flow {id} in queue {home} is gone: set how long it is kept when it is started")]
    #[non_exhaustive]
    Gone {
        /// The home of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
    },
    /// The flow's deadline passed before it had ended.
    #[error("flow {id} in queue {home} had not ended by its deadline")]
    #[non_exhaustive]
    Deadline {
        /// The home of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
    },
    /// The flow is in a state in which this can't be done.
    #[error(
        "failed to {action} flow {id} in queue {home}: it is {state}, which doesn't allow this"
    )]
    #[non_exhaustive]
    WrongState {
        /// What was being done.
        action: &'static str,
        /// The home of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
        /// Its state.
        state: FlowState,
    },
    /// The flow has no such node.
    #[error("flow {id} in queue {home} has no node {node}: use a name that was given to one")]
    #[non_exhaustive]
    NoNode {
        /// The home of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
        /// What was asked for.
        node: String,
    },
    /// The node has not ended, and so has no result.
    #[error("node {node} of flow {id} in queue {home} has not ended")]
    #[non_exhaustive]
    Pending {
        /// The home of the flow.
        home: QueueName,
        /// The flow.
        id: FlowId,
        /// The node.
        node: String,
    },
    /// The flow could not be started or read.
    #[error(transparent)]
    Error(#[from] Error),
}

/// Why a call has no result.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The job failed for good.
    #[error("the call of {name} in queue {queue} failed")]
    #[non_exhaustive]
    Failed {
        /// The queue of the handler.
        queue: QueueName,
        /// The handler.
        name: JobName,
        /// How it failed.
        #[source]
        failure: JobFailure,
    },
    /// The request was cancelled.
    #[error("the call of {name} in queue {queue} was {reason}")]
    #[non_exhaustive]
    Cancelled {
        /// The queue of the handler.
        queue: QueueName,
        /// The handler.
        name: JobName,
        /// By whom and why.
        reason: CancelReason,
    },
    /// There was no reply in time. The request may still run, or have run.
    #[error(
        "no reply from {name} in queue {queue} within {limit:?}: check that workers serve the \
         queue and keep up, or raise the call's timeout"
    )]
    #[non_exhaustive]
    TimedOut {
        /// The queue of the handler.
        queue: QueueName,
        /// The handler.
        name: JobName,
        /// How long was waited.
        limit: Duration,
    },
    /// The request could not be sent, or its result not read.
    #[error(transparent)]
    Error(#[from] Error),
}

readable_debug!(ResultError, FlowError, CallError);

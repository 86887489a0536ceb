//! The error of most calls.

use super::{Operation, Refused};
use crate::{
    error_chain::{Source, readable_debug, source},
    job::FilterError,
    value_error::{Corrupt, Invalid, PayloadError, TooLarge},
};

/// The result of most calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, by what the caller can do about it.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Redis could not be reached in time; the call may or may not have been carried out.
    #[error("failed to {operation}: redis is unavailable, so try again later")]
    #[non_exhaustive]
    Unavailable {
        /// What was being done, and on what.
        operation: Operation,
        /// What the connection said.
        source: Source,
    },
    /// The server or a rule of the queue refused the call.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Something in the program or the set-up is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A payload or result could not be written or read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Redis holds data that this library did not write that way.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The client or worker has been shut down.
    #[error("the client or worker has been shut down and takes no more calls")]
    Closed,
}

impl Error {
    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Refused(refused) => refused.is_retryable(),
            _ => false,
        }
    }

    /// Whether the worker no longer holds the job, so that this run should stop.
    #[must_use]
    pub fn is_lease_lost(&self) -> bool {
        matches!(self, Self::Refused(Refused::LeaseLost { .. }))
    }

    /// The error of a step, with the number of jobs that the steps before it have done.
    pub(crate) fn after(mut self, done: u64) -> Self {
        let operation = match &mut self {
            Self::Unavailable { operation, .. } => Some(operation),
            Self::Refused(refused) => refused.operation_mut(),
            _ => None,
        };
        if let Some(operation) = operation {
            operation.after(done);
        }
        self
    }

    pub(crate) fn unavailable(
        operation: Operation,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { operation, source: source(error) }
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::Invalid(error.into())
    }
}

impl From<TooLarge> for Error {
    fn from(error: TooLarge) -> Self {
        Self::Payload(error.into())
    }
}

readable_debug!(Error);

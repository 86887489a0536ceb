//! The error of most calls.

use super::Refused;
use crate::value_error::{Corrupt, Invalid, PayloadError};

/// The result of most calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, by what the caller can do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Redis could not be reached in time; the call may or may not have been carried out.
    #[error("redis is unavailable while trying to {action}: {reason}")]
    Unavailable {
        /// What was being done.
        action: &'static str,
        /// What the connection said.
        reason: String,
    },
    /// The server or a rule of the queue said no; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Something in the program or the set-up is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A payload or result could not be written or read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// What stands in Redis is not what this library wrote.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The client or worker has been shut down.
    #[error("shut down: no more calls are taken")]
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
}

//! Requests that leave their queue without a run.

use super::{
    job_failure::{FailureReason, JobFailure},
    outcome::Outcome,
};

/// Why a request has left its queue without a run, as its caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It was removed, alone or with all others.
    Removed,
    /// It made room in a full queue.
    Overflow,
}

impl Gone {
    /// As the scripts write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Overflow => "overflow",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        if word == Self::Overflow.as_str() { Self::Overflow } else { Self::Removed }
    }

    /// What its caller gets.
    pub(crate) fn failure(self) -> JobFailure {
        let (reason, message) = match self {
            Self::Removed => (FailureReason::Removed, "it was removed from its queue"),
            Self::Overflow => (FailureReason::Overflow, "its queue was full"),
        };
        JobFailure { reason, message: message.to_owned(), causes: Vec::new(), attempt: 1 }
    }

    pub(crate) fn outcome(self) -> Outcome {
        Outcome::Failed(self.failure())
    }
}

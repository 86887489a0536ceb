//! What can be done to many jobs.

use serde::Serialize;

/// What is done to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verb {
    Retry,
    Cancel,
    Remove,
    Redrive,
}

impl Verb {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Remove => "remove",
            Self::Redrive => "redrive",
        }
    }

    /// What can be said of jobs to which it was done.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Retry => "run again",
            Self::Cancel => "cancelled",
            Self::Remove => "removed",
            Self::Redrive => "go back to their queues",
        }
    }
}

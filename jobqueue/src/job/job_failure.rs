//! Why a job, or one attempt of it, failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One failed attempt, or the failure that ended a job.
///
/// Its text has all of it, the causes too: they are text themselves, and no longer sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason} (attempt {attempt}): {message}{}", Causes(.causes))]
#[non_exhaustive]
pub struct JobFailure {
    /// What kind of failure it was.
    pub reason: FailureReason,
    /// The error's own text.
    pub message: String,
    /// The texts of its causes, outermost first.
    pub causes: Vec<String>,
    /// The attempt that failed, counted from 1; 0 if a deadline passed before the first.
    pub attempt: u32,
}

/// What kind of failure ended a run.
///
/// Serialized: its name in `snake_case`, such as `"bad_payload"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureReason {
    /// The handler returned an error.
    Error,
    /// The handler returned an error that no further attempt can mend.
    Permanent,
    /// The run took longer than its timeout.
    Timeout,
    /// The handler panicked.
    Panic,
    /// Its workers died or lost their lease too often while they ran it.
    Stalled,
    /// The payload could not be read as the handler's type.
    BadPayload,
    /// No worker that fetched it knows a handler of its name.
    UnknownName,
    /// Its payload, or a result of its steps, is of a newer version than any worker that fetched it
    /// knows.
    NewerVersion,
    /// Its record in Redis could not be read.
    Corrupt,
    /// It waited for longer than its time to live, and was not run.
    Expired,
    /// Its deadline passed while it waited or ran, or would have before the next attempt.
    Deadline,
    /// Its attempts failed for as long as its `retry_for` allows.
    RetriesOver,
    /// It was [snoozed](crate::Failure::snooze) as often as it may be.
    SnoozesOver,
    /// A node of its flow that it needed has failed, and it was not run.
    ChildFailed,
    /// It did not fit into its queue, which sends what overflows to its dead-letter queue.
    Overflow,
    /// It came back from a dead-letter queue while another job had its id or its unique key.
    Taken,
    /// It was removed before it ran, as the caller that waited for it hears.
    Removed,
    /// It was cancelled while it ran, as hooks of that run hear; its job ends as cancelled.
    Cancelled,
    /// A reason of a newer version of this library.
    #[serde(other)]
    Other,
}

impl FailureReason {
    const NAMES: [(Self, &str); 18] = [
        (Self::Error, "error"),
        (Self::Permanent, "permanent"),
        (Self::Timeout, "timeout"),
        (Self::Panic, "panic"),
        (Self::Stalled, "stalled"),
        (Self::BadPayload, "bad payload"),
        (Self::UnknownName, "unknown name"),
        (Self::NewerVersion, "newer version"),
        (Self::Corrupt, "corrupt"),
        (Self::Expired, "expired"),
        (Self::Deadline, "deadline"),
        (Self::RetriesOver, "retries over"),
        (Self::SnoozesOver, "snoozes over"),
        (Self::ChildFailed, "child failed"),
        (Self::Overflow, "overflow"),
        (Self::Taken, "taken"),
        (Self::Removed, "removed"),
        (Self::Cancelled, "cancelled"),
    ];

    /// Every reason that this version knows, and that of newer ones.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|(reason, _)| *reason).chain([Self::Other])
    }

    /// The reason in a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(reason, _)| *reason == self).map_or("other", |(_, name)| name)
    }

    /// Whether a run of the handler ended so, which is an attempt.
    pub(crate) fn is_of_a_run(self) -> bool {
        matches!(
            self,
            Self::Error
                | Self::Permanent
                | Self::Timeout
                | Self::Panic
                | Self::Deadline
                | Self::RetriesOver
                | Self::SnoozesOver
        )
    }

    pub(super) fn from_name(text: &str) -> Self {
        Self::NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map_or(Self::Other, |(reason, _)| *reason)
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

struct Causes<'a>(&'a [String]);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

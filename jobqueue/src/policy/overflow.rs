//! What happens to a job that doesn't fit into its queue.

use serde::Serialize;

/// What a full queue does with a further job; see
/// [`SetLimits::overflow`](crate::manage::SetLimits::overflow).
///
/// Serialized: `"refuse"`, `"dead_letter"` or `"drop_oldest"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overflow {
    /// It refuses the add with [`Refused::QueueFull`](crate::error::Refused::QueueFull), so that
    /// the producer slows down.
    #[default]
    Refuse,
    /// The new job goes to the queue's dead-letter queue instead, as a
    /// [`DeadLetter`](crate::dead_letter::DeadLetter) that failed by
    /// [`Overflow`](crate::error::FailureReason::Overflow). Without a dead-letter queue it is
    /// refused.
    DeadLetter,
    /// To make room, the oldest jobs go to the queue's dead-letter queue, as dead letters. Without
    /// a dead-letter queue they are removed.
    ///
    /// The oldest is the one that has been ready for the longest time, whatever its priority; with
    /// [aging](crate::manage::SetLimits::aging), of the next 1,000. Delayed jobs aren't ready, and
    /// go only if no other job waits: first those that are due first. A job that is being added is
    /// never dropped.
    DropOldest,
}

impl Overflow {
    const WORDS: [(Self, &str); 3] =
        [(Self::Refuse, ""), (Self::DeadLetter, "dead_letter"), (Self::DropOldest, "drop_oldest")];

    /// As it stands in Redis; nothing for the default.
    pub(crate) fn to_word(self) -> &'static str {
        Self::WORDS.iter().find(|(each, _)| *each == self).map_or("", |(_, word)| word)
    }

    /// A word of a newer version is read as the default.
    pub(crate) fn from_word(word: &str) -> Self {
        Self::WORDS.iter().find(|(_, each)| *each == word).map_or(Self::Refuse, |(each, _)| *each)
    }
}

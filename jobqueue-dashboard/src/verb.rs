//! Everything that can be done, and the role it needs: one table.

use jobqueue::JobState;

use crate::access::Role;

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Pause,
    Resume,
    Lift,
    Retry,
    Edit,
    EditRetry,
    Clone,
    Promote,
    Cancel,
    Remove,
    Redrive,
    EditLetter,
    PauseSchedule,
    ResumeSchedule,
    RunSchedule,
    RetryFlow,
    CancelFlow,
    Replay,
    Stop,
}

/// What is to be known of a verb.
struct Entry {
    verb: Verb,
    /// In addresses, and in the audit log when it is refused.
    name: &'static str,
    /// On its button.
    words: &'static str,
    role: Role,
    /// What it does to many, for the question before.
    effect: &'static str,
}

const fn entry(
    verb: Verb,
    name: &'static str,
    words: &'static str,
    role: Role,
    effect: &'static str,
) -> Entry {
    Entry { verb, name, words, role, effect }
}

const TABLE: [Entry; 19] = [
    entry(Verb::Pause, "pause", "Pause", Role::Operator, "No more jobs start."),
    entry(Verb::Resume, "resume", "Resume", Role::Operator, "Jobs start again."),
    entry(Verb::Lift, "lift", "Lift the throttle", Role::Operator, "Jobs start at once."),
    entry(
        Verb::Retry,
        "retry",
        "Retry",
        Role::Operator,
        "Each runs again, with one more attempt at least.",
    ),
    entry(Verb::Edit, "edit", "Save", Role::Operator, "It has another payload when it runs."),
    entry(
        Verb::EditRetry,
        "edit-retry",
        "Save and retry",
        Role::Operator,
        "It runs with another payload.",
    ),
    entry(Verb::Clone, "clone", "Clone", Role::Operator, "A copy is added."),
    entry(Verb::Promote, "promote", "Run now", Role::Operator, "Each is ready at once."),
    entry(
        Verb::Cancel,
        "cancel",
        "Cancel",
        Role::Operator,
        "Each ends as cancelled; runs are told to stop.",
    ),
    entry(
        Verb::Remove,
        "remove",
        "Remove",
        Role::Admin,
        "Each is gone for good, with its payload and errors.",
    ),
    entry(
        Verb::Redrive,
        "redrive",
        "Redrive",
        Role::Operator,
        "Each goes back to its queue and runs again, its attempts counted anew.",
    ),
    entry(
        Verb::EditLetter,
        "edit-letter",
        "Save",
        Role::Operator,
        "It has another payload when it is redriven.",
    ),
    entry(Verb::PauseSchedule, "pause-schedule", "Pause", Role::Operator, "It adds no more jobs."),
    entry(Verb::ResumeSchedule, "resume-schedule", "Resume", Role::Operator, "It adds jobs again."),
    entry(Verb::RunSchedule, "run-schedule", "Run now", Role::Operator, "It adds one job at once."),
    entry(
        Verb::RetryFlow,
        "retry-flow",
        "Retry the flow",
        Role::Operator,
        "Its failed nodes run again.",
    ),
    entry(
        Verb::CancelFlow,
        "cancel-flow",
        "Cancel the flow",
        Role::Operator,
        "Its nodes end as cancelled.",
    ),
    entry(
        Verb::Replay,
        "replay",
        "Replay",
        Role::Operator,
        "The queue is bound, and gets the messages that the topic has kept, then those that come.",
    ),
    entry(Verb::Stop, "stop", "Stop", Role::Operator, "The rest is left as it is."),
];

impl Verb {
    /// All of them.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.verb)
    }

    fn entry(self) -> &'static Entry {
        // A test shows that the table has them all, in this order.
        &TABLE[self as usize]
    }

    /// In addresses.
    pub(crate) fn as_str(self) -> &'static str {
        self.entry().name
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.verb)
    }

    /// On its button.
    pub(crate) fn words(self) -> &'static str {
        self.entry().words
    }

    /// The role that it needs on its queue.
    pub(crate) fn role(self) -> Role {
        self.entry().role
    }

    pub(crate) fn effect(self) -> &'static str {
        self.entry().effect
    }

    /// Whether what it does can't be made good.
    pub(crate) fn is_destructive(self) -> bool {
        matches!(self, Self::Remove | Self::Cancel | Self::CancelFlow)
    }

    /// Whether it can be done to many jobs in the background.
    pub(crate) fn is_for_many(self) -> bool {
        matches!(self, Self::Retry | Self::Cancel | Self::Remove | Self::Promote | Self::Redrive)
    }

    /// Whether it can be done to a job of this state.
    pub(crate) fn fits(self, state: JobState) -> bool {
        match self {
            Self::Retry | Self::EditRetry => {
                state == JobState::Failed || state == JobState::Cancelled
            }
            Self::Edit => matches!(state, JobState::Waiting | JobState::Delayed),
            Self::Promote => state == JobState::Delayed,
            Self::Cancel => !state.is_final(),
            Self::Remove => state != JobState::Active && state != JobState::WaitingChildren,
            Self::Clone => true,
            _ => false,
        }
    }

    /// How a job of this state is edited, if it is.
    pub(crate) fn edits(state: JobState) -> Option<Self> {
        [Self::Edit, Self::EditRetry].into_iter().find(|verb| verb.fits(state))
    }

    /// The key that presses its button.
    pub(crate) fn key(self) -> Option<&'static str> {
        match self {
            Self::Retry => Some("r"),
            Self::Edit | Self::EditRetry => Some("e"),
            Self::Cancel => Some("c"),
            Self::Pause | Self::Resume => Some("p"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_verb_at_its_place() {
        for (n, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.verb as usize, n, "{}", entry.name);
            assert_eq!(Verb::of(entry.name), Some(entry.verb));
        }
        assert_eq!(Verb::Stop as usize + 1, TABLE.len());
    }

    #[test]
    fn no_viewer_changes_anything_and_only_admins_remove() {
        assert!(Verb::all().all(|verb| verb.role() >= Role::Operator));
        assert_eq!(Verb::Remove.role(), Role::Admin);
    }
}

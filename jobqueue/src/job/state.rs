//! The states of a job.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::value_error::Invalid;

/// The state of a job: exactly one of these at every moment. The names are BullMQ's.
///
/// Serialized: its name, such as `"waiting"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobState {
    /// Ready to run, ordered by priority and then by time.
    Waiting,
    /// Not due yet: added with a delay, between two attempts, or asleep.
    Delayed,
    /// Its run has ended until its [children](crate::Context::spawn_children) have. So is
    /// [shown](crate::FlowHandle::nodes) a node of a [flow](crate::flow) whose turn hasn't come,
    /// too: no queue has a job of that yet.
    #[serde(rename = "waiting-children")]
    WaitingChildren,
    /// Held by a worker.
    Active,
    /// Ended well, and kept.
    Completed,
    /// Ended for good without success, and kept.
    Failed,
    /// Cancelled, and kept.
    Cancelled,
}

impl JobState {
    /// Every state in which a queue has jobs, in the order of a job's life.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Delayed,
        Self::WaitingChildren,
        Self::Active,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::WaitingChildren => "waiting-children",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The names of states, as the scripts read them: a job that waits for its children stands among
    /// the delayed ones.
    pub(crate) fn names(states: &[Self]) -> String {
        let place = |state: &Self| match state {
            Self::WaitingChildren => Self::Delayed.as_str(),
            state => state.as_str(),
        };
        states.iter().map(place).collect::<Vec<_>>().join(" ")
    }

    /// Whether a job in this state has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or_else(|| {
            let advice = "use waiting, delayed, waiting-children, active, completed, failed or \
                          cancelled";
            Invalid::new("job state", name, advice)
        })
    }
}

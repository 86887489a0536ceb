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
    /// A node of a [flow](crate::flow) whose turn hasn't come: no queue has a job of it yet. No
    /// job is ever found in this state; nodes are [shown](crate::FlowHandle::nodes) in it.
    #[serde(rename = "waiting-children")]
    WaitingChildren,
    /// Ready to run, ordered by priority and then by time.
    Waiting,
    /// Not due yet: added with a delay, or between two attempts.
    Delayed,
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
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Delayed,
        Self::Active,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingChildren => "waiting-children",
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The names of states, as the scripts read them.
    pub(crate) fn names(states: &[Self]) -> String {
        states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(" ")
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
        let mut all = Self::ALL.into_iter().chain([Self::WaitingChildren]);
        all.find(|state| state.as_str() == name).ok_or_else(|| {
            let advice = "use waiting, delayed, active, completed, failed or cancelled";
            Invalid::new("job state", name, advice)
        })
    }
}

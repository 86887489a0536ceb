//! The states of a flow.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a flow is.
///
/// Serialized: its name, such as `"running"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowState {
    /// It is a node of another flow, and its turn hasn't come.
    Held,
    /// Some of its nodes have not ended.
    Running,
    /// It was cancelled, or its deadline has passed, and some of its nodes still run.
    Cancelling,
    /// All has ended, and its root has completed. Of a flow without a root: all nodes have, but for
    /// failures that count for nothing.
    Completed,
    /// All has ended, and its root has failed; or its deadline has passed.
    Failed,
    /// It was cancelled, and all has ended.
    Cancelled,
}

impl FlowState {
    const ALL: [Self; 6] = [
        Self::Held,
        Self::Running,
        Self::Cancelling,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing of the flow waits or runs any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// None for another text.
    pub(crate) fn from_store(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for FlowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

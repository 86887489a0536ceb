//! How far a search is.

use serde::Serialize;

/// How far a search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Looked {
    /// How many jobs it has looked at. One that moves meanwhile may count twice.
    pub jobs: u64,
    /// How many of them it has found.
    pub found: u64,
    /// How many of them can't be read: their record or their payload is none. They are not found.
    pub unreadable: u64,
}

impl Looked {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            jobs: self.jobs.saturating_add(other.jobs),
            found: self.found.saturating_add(other.found),
            unreadable: self.unreadable.saturating_add(other.unreadable),
        }
    }
}

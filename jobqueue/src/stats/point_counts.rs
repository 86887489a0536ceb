//! What has happened in a time, as workers report it and as Redis keeps it.

use std::time::Duration;

use super::histogram::Histogram;

/// What has happened in a time, to the jobs of a queue or of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PointCounts {
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
    pub(crate) retried: u64,
    pub(crate) wait: Histogram,
    pub(crate) run: Histogram,
    /// Of a queue alone, as the two that follow.
    pub(crate) added: u64,
    pub(crate) depth: Option<u64>,
    pub(crate) lag: Option<Duration>,
}

impl PointCounts {
    /// Takes another time along.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in [
            (&mut self.completed, other.completed),
            (&mut self.failed, other.failed),
            (&mut self.cancelled, other.cancelled),
            (&mut self.added, other.added),
        ] {
            *count = count.saturating_add(more);
        }
        self.add_runs(other);
        self.depth = self.depth.max(other.depth);
        self.lag = self.lag.max(other.lag);
    }

    /// Takes along what workers alone know: retries, waits and runs.
    pub(crate) fn add_runs(&mut self, other: &Self) {
        self.retried = self.retried.saturating_add(other.retried);
        self.wait.add(&other.wait);
        self.run.add(&other.run);
    }
}

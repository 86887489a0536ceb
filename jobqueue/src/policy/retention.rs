//! The jobs that are kept after they have ended.

use std::time::Duration;

use serde::Serialize;

use super::bounds::MOST_COUNTED;
use crate::value_error::Invalid;

/// The jobs that are kept after they have ended: none, all, or the newest by count and by age.
///
/// A retention is a handler's own: when one of its jobs ends, its completed (or failed) jobs are
/// trimmed, oldest first, and nobody else's. Handlers that don't say what is kept have one in
/// common, which their worker says: the newest 1,000 completed jobs of them together, for instance.
/// A retention that an add gives counts among the jobs of its handler whose adds gave the same. So
/// `add(report, …).retain(Retain::count(5))` keeps the newest five of those, and touches no other
/// report. `none` removes the job itself at once and leaves all others alone.
///
/// Jobs are trimmed when one like them ends. What is left of a handler that is gone, or of a
/// retention that no add gives any more, stays until it is [cleaned](crate::Queue::clean).
///
/// ```
/// use std::time::Duration;
/// use jobqueue::Retain;
///
/// let newest = Retain::count(1_000).and_age(Duration::from_secs(86_400));
/// # let _ = newest;
/// ```
///
/// Serialized: `{"count": 1000, "age_ms": 86400000}`, with `null` for no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Retain {
    count: Option<u64>,
    #[serde(rename = "age_ms", serialize_with = "crate::json::maybe_millis")]
    age: Option<Duration>,
}

impl Retain {
    /// The default for completed jobs.
    pub const DEFAULT_COMPLETED: Self = Self::count(1_000);
    /// The default for failed jobs.
    pub const DEFAULT_FAILED: Self = Self::count(5_000);

    /// None: the job is removed when it ends, and its result with it.
    #[must_use]
    pub const fn none() -> Self {
        Self::count(0)
    }

    /// All, for ever. Redis fills up unless you clean the queue.
    #[must_use]
    pub const fn all() -> Self {
        Self { count: None, age: None }
    }

    /// The newest `count` jobs, at most 1,000,000,000: a larger number is refused where it is used.
    #[must_use]
    pub const fn count(count: u64) -> Self {
        Self { count: Some(count), age: None }
    }

    /// Jobs that ended no longer ago than this.
    #[must_use]
    pub const fn age(age: Duration) -> Self {
        Self { count: None, age: Some(age) }
    }

    /// And of those only jobs that ended no longer ago than this.
    #[must_use]
    pub const fn and_age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// The number, if that is bounded.
    #[must_use]
    pub const fn max_count(&self) -> Option<u64> {
        self.count
    }

    /// The age, if that is bounded.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.age
    }

    /// Whether a job is removed as soon as it has ended.
    #[must_use]
    pub const fn keeps_nothing(&self) -> bool {
        matches!(self.count, Some(0))
    }

    /// What would work, if this doesn't.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        match self.count {
            Some(count) if count > MOST_COUNTED => {
                Some("use 0 to 1,000,000,000, or `Retain::all()` to keep all")
            }
            _ => None,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        let count = self.count.unwrap_or_default();
        self.problem().map_or(Ok(()), |advice| Err(Invalid::new("count to retain", count, advice)))
    }

    pub(crate) const fn from_parts(count: Option<u64>, age: Option<Duration>) -> Self {
        Self { count, age }
    }
}

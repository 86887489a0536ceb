//! What is kept of jobs that have ended.

use std::time::Duration;

use serde::Serialize;

/// What is kept of jobs that have ended: none, all, or the newest by count and by age.
///
/// When a job ends, the completed (or failed) jobs of its queue are trimmed to what *it* says,
/// oldest first; so give all jobs of a queue the same unless you mean otherwise. `none` removes the
/// job itself at once and leaves the others alone.
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
    /// What is kept of completed jobs if nothing is said.
    pub const DEFAULT_COMPLETED: Self = Self::count(1_000);
    /// What is kept of failed jobs if nothing is said.
    pub const DEFAULT_FAILED: Self = Self::count(5_000);

    /// Nothing: the job is gone when it has ended, and with it its result.
    #[must_use]
    pub const fn none() -> Self {
        Self::count(0)
    }

    /// Everything, for ever. Redis will fill up unless somebody cleans.
    #[must_use]
    pub const fn all() -> Self {
        Self { count: None, age: None }
    }

    /// The newest `count` jobs.
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

    /// How many, if that is bounded.
    #[must_use]
    pub const fn max_count(&self) -> Option<u64> {
        self.count
    }

    /// How old, if that is bounded.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.age
    }

    /// Whether a job is removed as soon as it has ended.
    #[must_use]
    pub const fn keeps_nothing(&self) -> bool {
        matches!(self.count, Some(0))
    }

    pub(crate) const fn from_parts(count: Option<u64>, age: Option<Duration>) -> Self {
        Self { count, age }
    }
}

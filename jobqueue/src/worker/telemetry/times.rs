//! Times of a run.

use std::time::Duration;

/// How long a job waited for its run, and how long the run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// From when the job was ready to its start; none unless this is its first attempt.
    pub(crate) waited: Option<Duration>,
    pub(crate) took: Duration,
}

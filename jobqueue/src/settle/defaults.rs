//! What holds for jobs that say nothing themselves.

use std::time::Duration;

use crate::policy::Retain;

/// What becomes of jobs that nobody can run, and of those that have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobDefaults {
    pub(crate) max_stalls: u32,
    pub(crate) unknown_delay: Duration,
    pub(crate) unknown_limit: u32,
    pub(crate) retain: Retain,
    pub(crate) retain_failed: Retain,
}

impl JobDefaults {
    pub(crate) const DEFAULT: Self = Self {
        max_stalls: 2,
        unknown_delay: Duration::from_secs(10),
        unknown_limit: 30,
        retain: Retain::DEFAULT_COMPLETED,
        retain_failed: Retain::DEFAULT_FAILED,
    };
}

//! Defaults for jobs whose add and handler leave something open.

use std::time::Duration;

use crate::policy::Retain;

/// How jobs are treated that no handler can run, and how much is kept of ended ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobDefaults {
    pub(crate) max_stalls: u32,
    /// For how long a job of an unknown name or version goes back, and how many times.
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

//! The rules of a receiver.

use std::time::Duration;

use crate::{job::QueueName, settle::JobDefaults, value_error::Invalid};

/// How jobs are received.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) visibility: Duration,
    pub(super) max_receives: Option<u32>,
    /// Where jobs go that fail for good; else where the queue says.
    pub(super) dead_letter: Option<QueueName>,
    pub(super) defaults: JobDefaults,
}

/// The default visibility timeout, which is also that of SQS.
const VISIBILITY: Duration = Duration::from_secs(30);

/// The shortest and the longest visibility timeout.
const VISIBILITIES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(12 * 3_600);

impl Rules {
    pub(super) const DEFAULT: Self = Self {
        visibility: VISIBILITY,
        max_receives: None,
        dead_letter: None,
        defaults: JobDefaults::DEFAULT,
    };
}

pub(super) fn check_visibility(what: &'static str, timeout: Duration) -> Result<(), Invalid> {
    if VISIBILITIES.contains(&timeout) {
        return Ok(());
    }
    Err(Invalid::new(what, format!("{timeout:?}"), "use 100 ms to 12 h"))
}

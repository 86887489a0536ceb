//! When a schedule is due that stands in the code.

use std::time::Duration;

use super::timing::{Timing, TimingParts};
use crate::{policy::whole_millis, value_error::Invalid};

/// A timing that stands in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeclaredTiming {
    Every(Duration),
    /// A pattern and a time zone, or nothing for UTC.
    Cron(&'static str, &'static str),
}

impl DeclaredTiming {
    pub(crate) fn timing(self) -> Result<Timing, Invalid> {
        Timing::from_parts(&match self {
            Self::Every(period) => TimingParts::Every { ms: whole_millis(period) },
            Self::Cron(pattern, zone) => {
                TimingParts::Cron { pattern: pattern.to_owned(), zone: zone.to_owned() }
            }
        })
    }
}

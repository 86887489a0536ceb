//! The ways to say when a schedule is due.

use std::{fmt, time::Duration};

#[cfg(feature = "schedules")]
use super::cron::Cron;
use super::every::Every;
use crate::value_error::Invalid;

/// When a schedule is due: [`Every`] so often or, with the feature `schedules`, by a `Cron`
/// pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Timing {
    /// Every so often.
    Every(Every),
    /// By a pattern.
    #[cfg(feature = "schedules")]
    Cron(Cron),
}

/// A timing as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimingParts {
    Every { ms: u64 },
    Cron { pattern: String, zone: String },
}

impl Timing {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::Every(every) => every.validate(),
            #[cfg(feature = "schedules")]
            Self::Cron(_) => Ok(()),
        }
    }

    /// The first tick after this time, in ms since the epoch.
    pub(super) fn after(&self, ms: i64) -> Option<i64> {
        match self {
            Self::Every(every) => every.after(ms),
            #[cfg(feature = "schedules")]
            Self::Cron(cron) => cron.after(ms),
        }
    }

    pub(crate) fn to_parts(&self) -> TimingParts {
        match self {
            Self::Every(every) => {
                TimingParts::Every { ms: crate::policy::whole_millis(every.period()) }
            }
            #[cfg(feature = "schedules")]
            Self::Cron(cron) => TimingParts::Cron {
                pattern: cron.pattern().to_owned(),
                zone: cron.zone().to_string(),
            },
        }
    }

    /// Reads what was written, perhaps by another version.
    pub(crate) fn from_parts(parts: &TimingParts) -> Result<Self, Invalid> {
        match parts {
            TimingParts::Every { ms } => {
                let every = Every::new(Duration::from_millis(*ms));
                every.validate().map(|()| Self::Every(every))
            }
            TimingParts::Cron { pattern, zone } => cron(pattern, zone),
        }
    }
}

/// A pattern in the zone of this name; none is UTC.
#[cfg(feature = "schedules")]
fn cron(pattern: &str, zone: &str) -> Result<Timing, Invalid> {
    let known = if zone.is_empty() { Ok(chrono_tz::Tz::UTC) } else { zone.parse() };
    let advice = "use a name of the IANA database, such as \"Europe/Berlin\"";
    let zone = known.map_err(|_| Invalid::new("time zone", zone, advice))?;
    Ok(Timing::Cron(Cron::parse(pattern)?.in_zone(zone)))
}

#[cfg(not(feature = "schedules"))]
fn cron(pattern: &str, _zone: &str) -> Result<Timing, Invalid> {
    let problem = format!("the cron pattern {pattern:?} can't be read");
    Err(Invalid::setup(problem, "enable the feature `schedules` of jobqueue"))
}

impl From<Every> for Timing {
    fn from(every: Every) -> Self {
        Self::Every(every)
    }
}

#[cfg(feature = "schedules")]
impl From<Cron> for Timing {
    fn from(cron: Cron) -> Self {
        Self::Cron(cron)
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(every) => every.fmt(f),
            #[cfg(feature = "schedules")]
            Self::Cron(cron) => cron.fmt(f),
        }
    }
}

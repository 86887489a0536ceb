//! Schedules that are due again and again after the same time.

use std::{fmt, time::Duration};

use crate::{policy::whole_millis, value_error::Invalid};

/// Due every so often: at the multiples of this time since 1970-01-01T00:00:00Z.
///
/// So it doesn't matter when the schedule was made, or whether it is made anew: `Every::new` of an
/// hour is due at each full hour of UTC. An [offset](crate::schedule::AddSchedule::offset) moves
/// the ticks. Days of 24 hours know no daylight saving; `Cron` does.
///
/// ```
/// use jobqueue::{DurationExt, schedule::Every};
///
/// assert_eq!(Every::new(90.seconds()).to_string(), "every 1m 30s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(Duration);

/// The shortest time between two ticks.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

impl Every {
    /// Due every so often: 100 ms to ten years, in whole milliseconds. Checked when the schedule is
    /// made.
    #[must_use]
    pub const fn new(period: Duration) -> Self {
        Self(period)
    }

    /// The time between two ticks.
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.0
    }

    pub(crate) fn validate(self) -> Result<(), Invalid> {
        if self.0 < SHORTEST || self.0 > LONGEST {
            return Err(Invalid::new("period", self.0, "use 100 ms to ten years"));
        }
        Ok(())
    }

    /// The first tick after this time, in ms since the epoch.
    pub(super) fn after(self, ms: i64) -> Option<i64> {
        let period = i64::try_from(whole_millis(self.0).max(1)).ok()?;
        ms.div_euclid(period).checked_add(1)?.checked_mul(period)
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every")?;
        let mut ms = whole_millis(self.0);
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
            if ms >= size {
                write!(f, " {}{unit}", ms / size)?;
                ms %= size;
            }
        }
        if ms > 0 || self.0.is_zero() { write!(f, " {ms}ms") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_multiples_of_the_period() {
        let every = Every::new(Duration::from_secs(10));
        for (ms, next) in [(0, 10_000), (9_999, 10_000), (10_000, 20_000), (-1, 0), (-10_000, 0)] {
            assert_eq!(every.after(ms), Some(next), "{ms}");
        }
        assert_eq!(every.after(i64::MAX), None);
        assert_eq!(Every::new(Duration::MAX).after(0), None);
    }

    #[test]
    fn periods_at_their_edges() {
        for (ms, fine) in [(0, false), (99, false), (100, true), (315_360_000_001, false)] {
            let period = Duration::from_millis(ms);
            assert_eq!(Every::new(period).validate().is_ok(), fine, "{period:?}");
        }
        assert!(Every::new(Duration::MAX).validate().is_err());
    }

    #[test]
    fn it_reads_like_a_period() {
        let text = |ms| Every::new(Duration::from_millis(ms)).to_string();
        assert_eq!(text(86_400_000), "every 1d");
        assert_eq!(text(3_661_001), "every 1h 1m 1s 1ms");
    }
}

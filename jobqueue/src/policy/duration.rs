//! Durations that read like the sentence they stand in.

use std::time::Duration;

/// The longest wait that is counted: a year. For a longer one, add a delayed job.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(365 * 86_400);

/// A duration in whole milliseconds, rounded up: what is shorter than one isn't nothing, and
/// nothing comes too early. One that no number holds is for ever.
pub(crate) fn whole_millis(duration: Duration) -> u64 {
    let begun = u128::from(!duration.subsec_nanos().is_multiple_of(1_000_000));
    u64::try_from(duration.as_millis() + begun).unwrap_or(u64::MAX)
}

/// `5.seconds()` for `Duration::from_secs(5)`.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::DurationExt;
///
/// assert_eq!(90.minutes(), Duration::from_secs(5_400));
/// ```
pub trait DurationExt {
    /// This number of milliseconds.
    fn millis(self) -> Duration;
    /// This number of seconds.
    fn seconds(self) -> Duration;
    /// This number of minutes.
    fn minutes(self) -> Duration;
    /// This number of hours.
    fn hours(self) -> Duration;
    /// This number of days of 24 hours.
    fn days(self) -> Duration;
}

// On `u32`, the type that an unsuffixed literal falls to when nothing else decides: no product
// below can overflow.
impl DurationExt for u32 {
    fn millis(self) -> Duration {
        Duration::from_millis(u64::from(self))
    }

    fn seconds(self) -> Duration {
        Duration::from_secs(u64::from(self))
    }

    fn minutes(self) -> Duration {
        Duration::from_secs(u64::from(self) * 60)
    }

    fn hours(self) -> Duration {
        Duration::from_secs(u64::from(self) * 3_600)
    }

    fn days(self) -> Duration {
        Duration::from_secs(u64::from(self) * 86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_millisecond_is_a_whole_one() {
        for (nanos, ms) in [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(whole_millis(Duration::from_nanos(nanos)), ms, "{nanos} ns");
        }
        assert_eq!(whole_millis(Duration::from_micros(1_500)), 2);
        assert_eq!(whole_millis(Duration::MAX), u64::MAX);
    }
}

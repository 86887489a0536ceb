//! Durations that read like the sentence they stand in.

use std::time::Duration;

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

//! Durations and rates as the scripts read them, and deadlines.

use std::time::Duration;

use tokio::time::Instant;

use crate::policy::Rate;

/// The moment after this time; ten years from now if it is beyond all clocks.
pub(crate) fn deadline_after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + Duration::from_secs(10 * 365 * 86_400))
}

/// A duration in whole milliseconds, at most the largest that a score holds exactly.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 48)
}

/// A rate as the scripts read it: interval in ms, and burst.
pub(crate) fn rate_text(rate: Rate) -> String {
    format!("{} {}", rate.interval_ms(), rate.burst_size())
}

//! Durations and rates as the scripts read them, and deadlines.

use std::time::Duration;

use tokio::time::Instant;

use crate::policy::{Rate, whole_millis};

/// The moment after this time; ten years from now if it is beyond all clocks.
pub(crate) fn deadline_after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + Duration::from_secs(10 * 365 * 86_400))
}

/// A duration in whole milliseconds, [rounded up](whole_millis); at most the largest that a score
/// holds exactly, which is 8,900 years.
pub(crate) fn millis(duration: Duration) -> u64 {
    whole_millis(duration).min(1 << 48)
}

/// A rate as the scripts read it: interval in ms, and burst.
pub(crate) fn rate_text(rate: Rate) -> String {
    format!("{} {}", rate.interval_ms(), rate.burst_size())
}

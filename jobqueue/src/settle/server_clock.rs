//! The server's clock, by which times of jobs are reckoned.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The server's clock as of the last turn, beside this process's steady one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerClock {
    ms: u64,
    at: Instant,
}

impl ServerClock {
    pub(crate) fn new(ms: u64) -> Self {
        Self { ms, at: Instant::now() }
    }

    /// A time by this process's clock; none if that can't express it.
    pub(crate) fn instant(&self, time: DateTime<Utc>) -> Option<Instant> {
        let ms = u64::try_from(time.timestamp_millis()).unwrap_or(0);
        let between = Duration::from_millis(self.ms.abs_diff(ms));
        if ms < self.ms { self.at.checked_sub(between) } else { self.at.checked_add(between) }
    }

    /// What time it is there, in ms since the epoch.
    pub(crate) fn now_ms(&self) -> u64 {
        let since = self.at.elapsed().as_millis();
        self.ms.saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }

    /// A time in ms since the epoch by this process's clock. If that can't express it, it is the
    /// present, or a year from now.
    pub(crate) fn instant_of_ms(&self, ms: u64) -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        let between = Duration::from_millis(self.ms.abs_diff(ms));
        if ms < self.ms {
            return self.at.checked_sub(between).unwrap_or(self.at);
        }
        self.at.checked_add(between).unwrap_or_else(|| self.at + YEAR)
    }

    /// The same of a time that ends something: one that lies before all that this process's clock
    /// can express has passed.
    pub(super) fn end(&self, time: DateTime<Utc>) -> Option<Instant> {
        let passed = u64::try_from(time.timestamp_millis()).unwrap_or(0) < self.ms;
        self.instant(time).or_else(|| passed.then_some(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lie_around_the_servers_now() {
        let clock = ServerClock::new(100_000);
        let since = |ms| {
            let time = DateTime::from_timestamp_millis(ms).expect("in range");
            let time = clock.instant(time).expect("in range");
            (clock.at + Duration::from_secs(1)).saturating_duration_since(time).as_millis()
        };
        assert_eq!(since(99_000), 2_000);
        assert_eq!(since(100_400), 600);
        assert_eq!(since(102_000), 0, "the producer's clock is ahead");
    }
}

//! Rates with bursts.

use std::{num::NonZeroU32, time::Duration};

use serde::Serialize;

use crate::value_error::Invalid;

/// A number of starts per time, spread evenly, with a burst.
///
/// It is [GCRA]: after a pause up to `burst` jobs may start at once, and from then on one every
/// `per / max`. No window of length `per` ever sees more than `max + burst` starts; a fixed window
/// would let twice the rate through at its edge. While jobs wait for a queue's rate, a start that is
/// up to 20 ms late doesn't delay those after it: what they make up for counts as a burst.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::Rate;
///
/// let rate = Rate::new(100, Duration::from_secs(1)).burst(10);
/// # let _ = rate;
/// ```
///
/// Serialized: `{"max": 100, "per_ms": 1000, "burst": 10}`.
///
/// [GCRA]: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    max: u32,
    #[serde(rename = "per_ms", serialize_with = "crate::json::millis")]
    per: Duration,
    burst: u32,
}

/// In one process, a longer time between two starts can't be told from this.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

impl Rate {
    /// `max` starts per `per`, with a burst of 1.
    #[must_use]
    pub const fn new(max: u32, per: Duration) -> Self {
        Self { max, per, burst: 1 }
    }

    /// The most starts at once after a pause; 1 by default.
    #[must_use]
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// How many may start per [`per`](Self::per).
    #[must_use]
    pub const fn max(&self) -> u32 {
        self.max
    }

    /// The time in which [`max`](Self::max) may start.
    #[must_use]
    pub const fn per(&self) -> Duration {
        self.per
    }

    /// How many may start at once after a pause.
    #[must_use]
    pub const fn burst_size(&self) -> u32 {
        self.burst
    }

    /// The rate with this time between two starts: per second if that is a whole number of starts,
    /// else per minute, hour or day, and else one per interval. None if no duration is that long.
    pub(crate) fn from_interval(interval_ms: f64, burst: u32) -> Option<Self> {
        for seconds in [1, 60, 3_600, 86_400] {
            let starts = seconds as f64 * 1_000.0 / interval_ms;
            let whole = starts.round();
            if (1.0..=f64::from(u32::MAX)).contains(&whole) && (starts - whole).abs() < whole * 1e-9
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked"
                )]
                let max = whole as u32;
                return Some(Self { max, per: Duration::from_secs(seconds), burst });
            }
        }
        let per = Duration::try_from_secs_f64(interval_ms / 1_000.0).ok()?;
        Some(Self { max: 1, per, burst })
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.max == 0 || self.burst == 0 || self.per.is_zero() {
            return Err(Invalid::new(
                "rate",
                self,
                "max, per and burst must be above zero; pause the queue to stop it",
            ));
        }
        Ok(())
    }

    /// The time between two starts, in milliseconds.
    pub(crate) fn interval_ms(&self) -> f64 {
        self.per.as_secs_f64() * 1_000.0 / f64::from(self.max)
    }

    /// The same rate for the limiter of one process.
    pub(crate) fn quota(&self) -> Result<governor::Quota, Invalid> {
        self.validate()?;
        // The limiter counts nanoseconds in 64 bits, and a whole burst of them.
        let period = (self.per / self.max).min(CENTURY / self.burst);
        let quota = governor::Quota::with_period(period).zip(NonZeroU32::new(self.burst));
        let (quota, burst) = quota
            .ok_or_else(|| Invalid::new("rate", self, "use at most one start a nanosecond"))?;
        Ok(quota.allow_burst(burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_found_again_by_its_interval() {
        for (max, seconds) in
            [(1, 1), (3, 1), (100, 1), (100_000, 1), (7, 60), (1, 3_600), (5, 86_400)]
        {
            let rate = Rate::new(max, Duration::from_secs(seconds)).burst(4);
            assert_eq!(Rate::from_interval(rate.interval_ms(), 4), Some(rate));
        }
        // The same rate in other words.
        let rate = Rate::new(600, Duration::from_secs(60));
        let found = Rate::from_interval(rate.interval_ms(), 1);
        assert_eq!(found, Some(Rate::new(10, Duration::from_secs(1))));
        let odd = Rate::from_interval(1_234_567.0, 1);
        assert_eq!(odd, Some(Rate::new(1, Duration::from_millis(1_234_567))));
        assert_eq!(Rate::from_interval(f64::MAX, 1), None);
    }

    #[test]
    fn no_rate_is_too_slow_for_one_process() {
        for (max, burst) in [(1, 1), (1, u32::MAX), (u32::MAX, 1)] {
            let quota = Rate::new(max, Duration::MAX).burst(burst).quota().expect("a sound rate");
            let clock = governor::clock::FakeRelativeClock::default();
            let limiter = governor::RateLimiter::direct_with_clock(quota, clock);
            assert!(limiter.check().is_ok());
        }
        assert!(Rate::new(u32::MAX, Duration::from_nanos(1)).quota().is_err(), "too fast");
    }

    #[test]
    fn the_shape_of_json() {
        let rate = Rate::new(100, Duration::from_secs(1)).burst(10);
        let json = serde_json::json!({"max": 100, "per_ms": 1_000, "burst": 10});
        assert_eq!(serde_json::to_value(rate).expect("json"), json);
    }
}

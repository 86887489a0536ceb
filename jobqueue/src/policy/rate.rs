//! Rates with bursts.

use std::time::Duration;

use serde::Serialize;

use crate::value_error::Invalid;

/// A number of starts per time, spread evenly, with a burst.
///
/// It is [GCRA]: after a pause up to `burst` jobs may start at once, and from then on one every
/// `per / max`. No window of length `per` ever sees more than `max + burst` starts; a fixed window
/// would let twice the rate through at its edge. While jobs wait for a queue's rate, a start that
/// is up to 20 ms late doesn't delay those after it: what they make up for counts as a burst.
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

/// The most starts per time, and the largest burst.
const MOST: u32 = 1_000_000;

/// The shortest time between two starts, which the scripts can still add up.
const SHORTEST_NANOS: u128 = 1_000;

/// The longest time, in seconds: ten years.
const LONGEST_SECS: u64 = 10 * 365 * 86_400;

impl Rate {
    /// `max` starts per `per`, with a burst of 1. 1 to 1,000,000 starts, a time of at most ten
    /// years, and at most one start a microsecond; anything else is refused where the rate is used.
    #[must_use]
    pub const fn new(max: u32, per: Duration) -> Self {
        Self { max, per, burst: 1 }
    }

    /// The most starts at once after a pause, 1 to 1,000,000; 1 by default.
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

    /// What would work, if this doesn't.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        if self.max == 0 || self.burst == 0 || self.per.is_zero() {
            return Some("max, per and burst must be above zero; pause the queue to stop it");
        }
        if self.max > MOST || self.burst > MOST {
            return Some("max and burst are at most 1,000,000");
        }
        if self.per.as_nanos() < SHORTEST_NANOS * self.max as u128 {
            return Some("use at most one start a microsecond");
        }
        if self.per.as_secs() > LONGEST_SECS {
            return Some("per is at most ten years");
        }
        None
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        self.problem().map_or(Ok(()), |advice| Err(Invalid::new("rate", self, advice)))
    }

    /// The time between two starts, in milliseconds.
    pub(crate) fn interval_ms(&self) -> f64 {
        self.per.as_secs_f64() * 1_000.0 / f64::from(self.max)
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
    fn a_rate_at_its_bounds_works_and_one_beyond_is_refused() {
        let (second, years) = (Duration::from_secs(1), Duration::from_secs(LONGEST_SECS));
        for rate in [
            Rate::new(1, second),
            Rate::new(MOST, second).burst(MOST),
            Rate::new(1, Duration::from_micros(1)),
            Rate::new(1, years).burst(MOST),
        ] {
            assert_eq!(rate.validate(), Ok(()), "{rate:?}");
        }
        for rate in [
            Rate::new(0, second),
            Rate::new(1, Duration::ZERO),
            Rate::new(1, second).burst(0),
            Rate::new(MOST + 1, second),
            Rate::new(u32::MAX, Duration::MAX),
            Rate::new(1, second).burst(u32::MAX),
            Rate::new(1, Duration::from_nanos(999)),
            Rate::new(MOST, Duration::from_millis(999)),
            Rate::new(1, years + second),
            Rate::new(1, Duration::MAX),
        ] {
            assert!(rate.validate().is_err(), "{rate:?}");
        }
    }

    #[test]
    fn the_shape_of_json() {
        let rate = Rate::new(100, Duration::from_secs(1)).burst(10);
        let json = serde_json::json!({"max": 100, "per_ms": 1_000, "burst": 10});
        assert_eq!(serde_json::to_value(rate).expect("json"), json);
    }
}

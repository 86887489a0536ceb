//! Rates with bursts.

use std::{num::NonZeroU32, time::Duration};

use crate::value_error::Invalid;

/// A number of starts per time, smoothly, with a burst.
///
/// It is [GCRA]: after a pause up to `burst` may start at once, and from then on one every
/// `per / max`. No window of length `per` has more than `max + burst` starts; a fixed window would
/// let twice the rate through at its edge.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::Rate;
///
/// let rate = Rate::new(100, Duration::from_secs(1)).burst(10);
/// # let _ = rate;
/// ```
///
/// [GCRA]: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    max: u32,
    per: Duration,
    burst: u32,
}

impl Rate {
    /// `max` per `per`, with a burst of 1.
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

    /// The most starts at once after a pause.
    pub(crate) const fn burst_size(&self) -> u32 {
        self.burst
    }

    /// The same rate for the limiter of one process.
    pub(crate) fn quota(&self) -> Result<governor::Quota, Invalid> {
        self.validate()?;
        let period = self.per.div_f64(f64::from(self.max));
        let quota = governor::Quota::with_period(period).zip(NonZeroU32::new(self.burst));
        let (quota, burst) = quota
            .ok_or_else(|| Invalid::new("rate", self, "use at most one start a nanosecond"))?;
        Ok(quota.allow_burst(burst))
    }
}

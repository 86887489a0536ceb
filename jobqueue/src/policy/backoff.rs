//! The wait before the next attempt.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct as _};

use super::duration::{LONGEST_WAIT, whole_millis};
use crate::{json::Millis, value_error::Invalid};

/// The wait before the next attempt.
///
/// By default exponential: 1 s, 2 s, 4 s … at most 1 h, each varied by up to 20 % so that jobs
/// which failed together don't come back together (see [*Exponential Backoff And Jitter*]).
///
/// ```
/// use std::time::Duration;
/// use jobqueue::Backoff;
///
/// let backoff =
/// Backoff::exponential(Duration::from_secs(1)).max(Duration::from_secs(10)).jitter(0.0);
/// assert_eq!(backoff.delay(1), Duration::from_secs(1)); assert_eq!(backoff.delay(3),
/// Duration::from_secs(4)); assert_eq!(backoff.delay(9), Duration::from_secs(10));
/// ```
///
/// Serialized: `{"kind": "exponential", "first_ms": 1000, "max_ms": 10000, "jitter": 0.0}`; the
/// kind may be `fixed` too, or `custom` with `null` for `first_ms`.
///
/// [*Exponential Backoff And Jitter*]:
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[derive(Clone, Copy)]
pub struct Backoff {
    curve: Curve,
    max: Duration,
    jitter: f64,
}

#[derive(Clone, Copy)]
enum Curve {
    Fixed(Duration),
    Exponential(Duration),
    Custom(fn(u32) -> Duration),
}

impl Backoff {
    /// The default backoff of a job.
    pub const DEFAULT: Self =
        Self::exponential(Duration::from_secs(1)).max(Duration::from_secs(3_600)).jitter(0.2);

    /// The same wait before every attempt.
    #[must_use]
    pub const fn fixed(delay: Duration) -> Self {
        Self { curve: Curve::Fixed(delay), max: LONGEST_WAIT, jitter: 0.0 }
    }

    /// `first`, then twice as long each time.
    #[must_use]
    pub const fn exponential(first: Duration) -> Self {
        Self { curve: Curve::Exponential(first), max: LONGEST_WAIT, jitter: 0.0 }
    }

    /// The wait that `delay` returns for the failed attempt, from 1. For handlers only: a function
    /// can't travel with a job.
    #[must_use]
    pub const fn custom(delay: fn(u32) -> Duration) -> Self {
        Self { curve: Curve::Custom(delay), max: LONGEST_WAIT, jitter: 0.0 }
    }

    /// No wait is longer than this; a year by default.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The share of each wait, 0.0 to 1.0, by which it varies at random to both sides; 0.0 by
    /// default.
    #[must_use]
    pub const fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// The wait after `attempt`, counted from 1, has failed.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let plain = match self.curve {
            Curve::Fixed(delay) => delay,
            Curve::Exponential(first) => {
                let doublings = attempt.saturating_sub(1).min(31);
                first.checked_mul(1_u32 << doublings).unwrap_or(LONGEST_WAIT)
            }
            Curve::Custom(delay) => delay(attempt),
        };
        let capped = plain.min(self.max).min(LONGEST_WAIT);
        let jitter = self.share();
        if jitter > 0.0 {
            let factor = 1.0 + jitter * (fastrand::f64() * 2.0 - 1.0);
            return capped.mul_f64(factor).min(self.max);
        }
        capped
    }

    /// A wait that was asked for, never shortened: jitter only adds to it. At most a year.
    pub(crate) fn at_least(&self, asked: Duration) -> Duration {
        let asked = asked.min(LONGEST_WAIT);
        asked.mul_f64(1.0 + self.share() * fastrand::f64()).min(LONGEST_WAIT)
    }

    /// The jitter as a share that can be reckoned with. Not a number is none.
    fn share(&self) -> f64 {
        if self.jitter > 0.0 { self.jitter.min(1.0) } else { 0.0 }
    }

    /// What would work, if this doesn't.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        // Not a number is neither.
        if self.jitter >= 0.0 && self.jitter <= 1.0 {
            return None;
        }
        Some("use a share of 0.0 to 1.0")
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        self.problem().map_or(Ok(()), |advice| Err(Invalid::new("jitter", self.jitter, advice)))
    }

    pub(crate) const fn is_custom(&self) -> bool {
        matches!(self.curve, Curve::Custom(_))
    }

    /// The parts that travel with a job; none for a custom one.
    pub(crate) fn to_parts(self) -> Option<BackoffParts> {
        let (doubling, first) = match self.curve {
            Curve::Fixed(delay) => (false, delay),
            Curve::Exponential(first) => (true, first),
            Curve::Custom(_) => return None,
        };
        Some(BackoffParts(doubling, whole_millis(first), whole_millis(self.max), self.jitter))
    }

    pub(crate) fn from_parts(BackoffParts(doubling, first, max, jitter): BackoffParts) -> Self {
        let first = Duration::from_millis(first);
        let curve = if doubling { Curve::Exponential(first) } else { Curve::Fixed(first) };
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        Self { curve, max: Duration::from_millis(max), jitter }
    }
}

impl Serialize for Backoff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, first) = match self.curve {
            Curve::Fixed(delay) => ("fixed", Some(delay)),
            Curve::Exponential(first) => ("exponential", Some(first)),
            Curve::Custom(_) => ("custom", None),
        };
        let mut backoff = serializer.serialize_struct("Backoff", 4)?;
        backoff.serialize_field("kind", kind)?;
        backoff.serialize_field("first_ms", &first.map(Millis))?;
        backoff.serialize_field("max_ms", &Millis(self.max))?;
        backoff.serialize_field("jitter", &self.jitter)?;
        backoff.end()
    }
}

/// Doubling or not, first wait in ms, longest wait in ms, jitter.
#[derive(Serialize, Deserialize)]
pub(crate) struct BackoffParts(bool, u64, u64, f64);

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl PartialEq for Backoff {
    fn eq(&self, other: &Self) -> bool {
        let curves = match (self.curve, other.curve) {
            (Curve::Fixed(a), Curve::Fixed(b)) | (Curve::Exponential(a), Curve::Exponential(b)) => {
                a == b
            }
            (Curve::Custom(a), Curve::Custom(b)) => std::ptr::fn_addr_eq(a, b),
            _ => false,
        };
        curves && self.max == other.max && self.jitter.total_cmp(&other.jitter).is_eq()
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = match self.curve {
            Curve::Fixed(delay) => {
                let mut debug = f.debug_struct("Fixed");
                debug.field("delay", &delay);
                debug
            }
            Curve::Exponential(first) => {
                let mut debug = f.debug_struct("Exponential");
                debug.field("first", &first);
                debug
            }
            Curve::Custom(_) => f.debug_struct("Custom"),
        };
        tuple.field("max", &self.max).field("jitter", &self.jitter).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_is_capped_and_never_overflows() {
        let backoff = Backoff::exponential(Duration::from_secs(1)).max(Duration::from_secs(60));
        assert_eq!(backoff.delay(0), Duration::from_secs(1));
        assert_eq!(backoff.delay(u32::MAX), Duration::from_secs(60));
        assert_eq!(Backoff::exponential(Duration::MAX).delay(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn the_wait_doubles_from_attempt_to_attempt() {
        let backoff = Backoff::exponential(Duration::from_secs(3));
        for (attempt, seconds) in [(1, 3), (2, 6), (3, 12), (4, 24)] {
            assert_eq!(backoff.delay(attempt), Duration::from_secs(seconds), "{attempt}");
        }
    }

    #[test]
    fn no_jitter_and_no_wait_panics() {
        for jitter in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1.0, f64::MAX] {
            for wait in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
                let backoff = Backoff::exponential(wait).jitter(jitter);
                let (delay, asked) = (backoff.delay(1), backoff.at_least(wait));
                assert!(
                    delay <= LONGEST_WAIT * 2 && asked <= LONGEST_WAIT,
                    "{backoff:?}: {delay:?}"
                );
                assert_eq!(backoff.validate().is_ok(), [0.0, 1.0].contains(&jitter), "{jitter}");
            }
        }
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let backoff = Backoff::fixed(Duration::from_secs(10)).jitter(0.2);
        for _ in 0..1_000 {
            let delay = backoff.delay(1);
            assert!((8.0..=12.0).contains(&delay.as_secs_f64()), "{delay:?}");
        }
    }

    #[test]
    fn parts_survive() {
        let backoff = Backoff::DEFAULT;
        assert_eq!(backoff.to_parts().map(Backoff::from_parts), Some(backoff));
        assert!(Backoff::custom(|_| Duration::ZERO).to_parts().is_none());
    }
}

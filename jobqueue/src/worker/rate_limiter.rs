//! A handler's own rate in this process.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{policy::Rate, value_error::Invalid};

/// How far ahead a start may be given away: about the time that a call takes. A run that is given a
/// later start waits for it, so the rate is reached and never exceeded.
const AHEAD: Duration = Duration::from_millis(10);

/// Gives away starts at a [`Rate`], by GCRA.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    interval: Duration,
    burst: u32,
    /// The theoretical arrival time: when the burst would be whole again.
    full_at: Mutex<Instant>,
}

impl RateLimiter {
    pub(crate) fn new(rate: Rate) -> Result<Self, Invalid> {
        rate.validate()?;
        let interval = rate.per().div_f64(f64::from(rate.max()));
        Ok(Self { interval, burst: rate.burst_size(), full_at: Mutex::new(Instant::now()) })
    }

    /// How many starts may be given away now.
    pub(crate) fn room(&self, now: Instant) -> usize {
        let full_at = *self.full_at();
        if self.next(full_at, now).saturating_duration_since(now) > AHEAD {
            return 0;
        }
        let full_at = full_at.saturating_duration_since(now);
        let span = self.interval.saturating_mul(self.burst) + AHEAD;
        let starts = span.saturating_sub(full_at).as_nanos() / self.interval.as_nanos();
        usize::try_from(starts).unwrap_or(usize::MAX).max(1)
    }

    /// When the next start can be given away, if none can now.
    pub(crate) fn more_at(&self, now: Instant) -> Option<Instant> {
        let next = self.next(*self.full_at(), now);
        let at = next.checked_sub(AHEAD).unwrap_or(next);
        (at > now).then_some(at)
    }

    /// Gives a start away, and says when it is; none if that is too far ahead.
    pub(crate) fn take(&self, now: Instant) -> Option<Instant> {
        let mut full_at = self.full_at();
        let next = self.next(*full_at, now);
        if next.saturating_duration_since(now) > AHEAD {
            return None;
        }
        // A time that no clock can express never comes.
        *full_at = (*full_at).max(next).checked_add(self.interval).unwrap_or(*full_at);
        Some(next)
    }

    /// The first time from now at which one more run may start.
    fn next(&self, full_at: Instant, now: Instant) -> Instant {
        let spare = self.interval.saturating_mul(self.burst.saturating_sub(1));
        full_at.checked_sub(spare).map_or(now, |next| next.max(now))
    }

    fn full_at(&self) -> MutexGuard<'_, Instant> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_starts_are_given_away_at_the_rate_and_never_before() {
        let rate = Rate::new(10, Duration::from_secs(1)).burst(3);
        let limiter = RateLimiter::new(rate).expect("valid");
        let began = Instant::now();
        assert_eq!(limiter.room(began), 3);
        for _ in 0..3 {
            assert_eq!(limiter.take(began), Some(began));
        }
        assert_eq!((limiter.room(began), limiter.take(began)), (0, None));
        for starts in 1..=20 {
            let asked = limiter.more_at(Instant::now()).expect("none now");
            let start = began + Duration::from_millis(100) * starts;
            assert_eq!(asked, start - AHEAD);
            // The asker is a little late each time, and yet no start is.
            let now = asked + Duration::from_millis(3);
            assert_eq!((limiter.room(now), limiter.take(now)), (1, Some(start)));
            tokio::time::advance(now - Instant::now()).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_rate_gives_away_all_starts_of_the_next_moment() {
        let limiter = RateLimiter::new(Rate::new(1_000, Duration::from_secs(1))).expect("valid");
        let now = Instant::now();
        assert_eq!(limiter.room(now), 11);
        let starts: Vec<Instant> = std::iter::from_fn(|| limiter.take(now)).collect();
        let expected: Vec<Instant> = (0..11).map(|ms| now + Duration::from_millis(ms)).collect();
        assert_eq!(starts, expected);
    }

    #[tokio::test]
    async fn rates_at_the_edges() {
        let (now, years) = (Instant::now(), Duration::from_secs(10 * 365 * 86_400));
        let seldom = RateLimiter::new(Rate::new(1, years)).expect("valid");
        assert!(seldom.take(now).is_some() && seldom.take(now).is_none());
        assert!(seldom.more_at(now).is_some_and(|at| at > now));
        let many = Rate::new(1, years).burst(1_000_000);
        assert_eq!(RateLimiter::new(many).expect("valid").room(now), 1_000_000);
        assert!(RateLimiter::new(Rate::new(1, Duration::ZERO)).is_err());
    }
}

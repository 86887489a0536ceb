//! A handler's own limits in this process.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::rate_limiter::RateLimiter;
use crate::{job::LocalLimits, value_error::Invalid};

/// A handler's own limits in this process.
#[derive(Debug)]
pub(crate) struct HandlerLimits {
    permits: Option<Arc<Semaphore>>,
    rate: Option<RateLimiter>,
}

/// A run's leave to start: held to its end.
#[derive(Debug)]
pub(crate) struct Pass {
    /// Frees the handler's place when the run ends.
    _permit: Option<OwnedSemaphorePermit>,
    /// When its rate lets it start, if it has one: now or in a moment.
    pub(crate) start_at: Option<Instant>,
}

/// A handler's own limits have no room for one more run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

impl HandlerLimits {
    /// None if the handler has none.
    pub(crate) fn new(limits: &LocalLimits) -> Result<Option<Self>, Invalid> {
        let permits = limits.concurrency.map(|permits| {
            // More than a semaphore can count is as good as that.
            Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
        });
        let rate = limits.rate.map(RateLimiter::new).transpose()?;
        Ok((permits.is_some() || rate.is_some()).then_some(Self { permits, rate }))
    }

    /// How many of its jobs can start now, if this many slots are free.
    pub(crate) fn room(&self, free_slots: usize, now: Instant) -> usize {
        let permits = self.permits.as_ref().map_or(usize::MAX, |it| it.available_permits());
        match &self.rate {
            None => permits,
            Some(rate) => permits.min(rate.room(now)).min(free_slots),
        }
    }

    /// When its rate gives the next start, if it gives none now.
    pub(crate) fn more_at(&self, now: Instant) -> Option<Instant> {
        self.rate.as_ref().and_then(|rate| rate.more_at(now))
    }

    /// Lets a run start, if there is room for it. One that has a rate needs a free slot too: later
    /// it would start together with others.
    pub(crate) fn admit(&self, slot_is_free: bool, now: Instant) -> Option<Pass> {
        let permit = match &self.permits {
            Some(permits) => Some(permits.clone().try_acquire_owned().ok()?),
            None => None,
        };
        let start_at = match &self.rate {
            Some(rate) if slot_is_free => Some(rate.take(now)?),
            Some(_) => return None,
            None => None,
        };
        Some(Pass { _permit: permit, start_at })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    use crate::policy::Rate;

    fn limits(concurrency: Option<usize>, rate: Option<Rate>) -> HandlerLimits {
        let limits = LocalLimits { concurrency, rate, breaker: None };
        HandlerLimits::new(&limits).expect("valid").expect("some")
    }

    #[test]
    fn a_place_is_taken_until_the_run_has_ended() {
        let (limits, now) = (limits(Some(2), None), Instant::now());
        let passes = [limits.admit(false, now), limits.admit(true, now)];
        assert!(passes.iter().all(Option::is_some) && limits.admit(true, now).is_none());
        assert_eq!(limits.room(10, now), 0);
        drop(passes);
        assert_eq!(limits.room(1, now), 2);
    }

    #[test]
    fn a_start_at_a_rate_needs_a_slot_and_a_refusal_costs_neither_start_nor_place() {
        let limits = limits(Some(1), Some(Rate::new(1, Duration::from_secs(3_600)).burst(2)));
        let now = Instant::now();
        assert!(limits.admit(false, now).is_none());
        assert_eq!((limits.room(0, now), limits.room(9, now)), (0, 1));
        let first = limits.admit(true, now).expect("room");
        assert!(limits.admit(true, now).is_none() && first.start_at == Some(now));
        drop(first);
        assert!(limits.admit(true, now).is_some(), "the second of the burst was not lost");
        assert!(limits.more_at(now).is_some());
    }
}

//! A handler's own rate in this process.

use std::time::Duration;

use governor::{
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::{Instant, sleep};

use crate::{policy::Rate, value_error::Invalid};

/// Lets runs start at a [`Rate`].
///
/// It waits by tokio's timer. Governor's own futures would bring a second timer with a thread of
/// its own.
pub(crate) struct RateLimiter(Governor);

// All is named, since governor's defaults depend on its features.
type Governor =
    governor::RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

impl RateLimiter {
    pub(crate) fn new(rate: Rate) -> Result<Self, Invalid> {
        let clock = TokioClock(Instant::now());
        Ok(Self(Governor::direct_with_clock(rate.quota()?, clock)))
    }

    /// Waits until one more run may start.
    pub(crate) async fn until_ready(&self) {
        while let Err(not_until) = self.0.check() {
            sleep(not_until.wait_time_from(self.0.clock().now())).await;
        }
    }
}

/// The time since the limiter was made.
#[derive(Clone)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_runs_start_at_the_rate() {
        let rate = Rate::new(10, Duration::from_secs(1)).burst(3);
        let limiter = RateLimiter::new(rate).expect("valid");
        let began = Instant::now();
        for _ in 0..3 {
            limiter.until_ready().await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            limiter.until_ready().await;
        }
        // Tokio's timer rounds each wait up to a millisecond.
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(2) && took < Duration::from_millis(2_050), "{took:?}");
    }
}

//! A run that ended before its handler did, since that waits.

use std::time::Duration;

use tokio::time::Instant;

use super::lifetime::Lifetime;
use crate::job::Suspension;

/// What the handler of a run waits for.
#[derive(Debug)]
pub(crate) struct Suspended {
    pub(crate) wait: Suspension,
    /// The end of the wait by this process's clock.
    pub(crate) at: Instant,
}

impl Suspended {
    /// The wait within the job's time. None if nothing could end it before that is over.
    pub(super) fn within(self, lifetime: &Lifetime) -> Option<Suspension> {
        let Self { mut wait, at } = self;
        let beyond = lifetime.deadline.map(|end| at.saturating_duration_since(end));
        match beyond.filter(|beyond| !beyond.is_zero()) {
            None => Some(wait),
            Some(_) if wait.signals.is_empty() => None,
            Some(beyond) => {
                // Until the first ms in which no run may begin.
                wait.until = wait.until.saturating_sub(millis(beyond)).saturating_add(1);
                Some(wait)
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_jobs_time_and_a_longer_sleep_does_not_begin() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let until = |deadline: Option<Instant>, signal: Option<&str>| {
            let signals = signal.map(str::to_owned).into_iter().collect();
            let wait = Suspension { until: 9_000, signals };
            let suspended = Suspended { wait, at: now + 5 * second };
            let mut lifetime = Lifetime::default();
            lifetime.deadline = deadline;
            suspended.within(&lifetime).map(|wait| wait.until)
        };
        for (deadline, sleeps, waits) in [
            (None, Some(9_000), Some(9_000)),
            (Some(now + 5 * second), Some(9_000), Some(9_000)),
            (Some(now + 3 * second), None, Some(7_001)),
        ] {
            assert_eq!((until(deadline, None), until(deadline, Some("paid"))), (sleeps, waits));
        }
    }
}

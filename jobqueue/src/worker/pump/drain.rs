//! The end of a drain: runs are told to stop, and a moment later aborted.

use std::time::Duration;

use tokio::time::Instant;

use crate::worker::{config::MAX_SLEEP, signals::Phase};

/// How long cancelled runs may take to end by themselves before they are aborted.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// How far a drain has come.
#[derive(Debug, Default)]
pub(super) struct Drain {
    /// When runs were told to stop.
    cancelled: Option<Instant>,
}

/// What a drain does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DrainStep {
    Wait,
    /// Tell runs to stop.
    Cancel,
    /// Abort runs.
    Abort,
}

impl Drain {
    pub(super) fn step(&mut self, deadline: Instant, now: Instant) -> DrainStep {
        match self.cancelled {
            _ if now < deadline => DrainStep::Wait,
            None => {
                self.cancelled = Some(now);
                DrainStep::Cancel
            }
            Some(since) if now >= since + GRACE => DrainStep::Abort,
            Some(_) => DrainStep::Wait,
        }
    }
}

/// Whether a drain has waited long enough for a Redis that doesn't answer.
pub(super) fn gave_up(phase: Phase, response_limit: Duration, now: Instant) -> bool {
    let limit = response_limit.min(MAX_SLEEP) + GRACE;
    matches!(phase, Phase::Draining(deadline) if now > deadline + limit * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_once_to_stop_and_then_aborted() {
        let (mut drain, start) = (Drain::default(), Instant::now());
        let deadline = start + GRACE;
        for (after, expected) in [
            (Duration::ZERO, DrainStep::Wait),
            (GRACE, DrainStep::Cancel),
            (GRACE * 3 / 2, DrainStep::Wait),
            (GRACE * 2, DrainStep::Abort),
            (GRACE * 3, DrainStep::Abort),
        ] {
            assert_eq!(drain.step(deadline, start + after), expected, "{after:?}");
        }
    }

    #[test]
    fn only_a_drain_gives_up_and_not_before_two_calls_could_be_answered() {
        let (now, limit) = (Instant::now(), Duration::from_secs(2));
        assert!(!gave_up(Phase::Working, limit, now));
        let drained = |since| gave_up(Phase::Draining(now), limit, now + since);
        assert!(!drained(Duration::from_secs(6)));
        assert!(drained(Duration::from_secs(6) + Duration::from_millis(1)));
    }
}

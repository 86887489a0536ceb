//! Times that end a job, however many attempts it has left.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::server_clock::ServerClock;
use crate::{
    job::{Deadline, FailureReason, JobOptions, RunRules},
    policy::RetryDecision,
};

/// Times that end a job, by this process's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lifetime {
    /// No run goes on after it, and none begins.
    pub(crate) deadline: Option<Instant>,
    /// No attempt begins after it, but for the first.
    retries_end: Option<Instant>,
}

impl Lifetime {
    /// Of a job that became due then.
    pub(super) fn of(
        options: &JobOptions,
        due: DateTime<Utc>,
        rules: &RunRules,
        clock: ServerClock,
    ) -> Self {
        let retries = options.retry_for.or(rules.retry_for).map(Deadline::In);
        let end = |deadline: Deadline| deadline.of(due).and_then(|end| clock.end(end));
        Self { deadline: options.deadline.and_then(end), retries_end: retries.and_then(end) }
    }

    /// Whether the job must not run any more.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// The decision within these times, and the reason if they end the job.
    pub(super) fn bound(
        &self,
        step: RetryDecision,
        now: Instant,
    ) -> (RetryDecision, Option<FailureReason>) {
        let after = |end: Option<Instant>, delay: Duration| {
            end.is_some_and(|end| now.checked_add(delay).is_none_or(|then| then > end))
        };
        let reason = match step {
            RetryDecision::Retry(delay)
            | RetryDecision::Snooze(delay)
            | RetryDecision::Release(delay)
            | RetryDecision::Throttle(delay)
                if after(self.deadline, delay) =>
            {
                FailureReason::Deadline
            }
            RetryDecision::Retry(delay) if after(self.retries_end, delay) => {
                FailureReason::RetriesOver
            }
            _ => return (step, None),
        };
        (RetryDecision::Fail, Some(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_is_planned_beyond_the_end() {
        let now = Instant::now();
        let retry = RetryDecision::Retry(5 * SECOND);
        let bound = |deadline: Option<u32>, retries: Option<u32>, step| {
            let at = |seconds: Option<u32>| seconds.map(|seconds| now + seconds * SECOND);
            let lifetime = Lifetime { deadline: at(deadline), retries_end: at(retries) };
            lifetime.bound(step, now).1
        };
        assert_eq!(bound(None, None, retry), None);
        assert_eq!(bound(Some(5), Some(5), retry), None);
        assert_eq!(bound(Some(4), Some(4), retry), Some(FailureReason::Deadline));
        assert_eq!(bound(None, Some(4), retry), Some(FailureReason::RetriesOver));
        for back in [RetryDecision::Snooze(5 * SECOND), RetryDecision::Throttle(5 * SECOND)] {
            assert_eq!(bound(Some(4), None, back), Some(FailureReason::Deadline));
            assert_eq!(bound(None, Some(4), back), None, "it is no retry");
        }
        assert_eq!(bound(Some(0), Some(0), RetryDecision::FailAtOnce), None);
        let far = Lifetime { deadline: Some(now), retries_end: None };
        assert!(far.bound(RetryDecision::Retry(Duration::MAX), now).1.is_some());
    }
}

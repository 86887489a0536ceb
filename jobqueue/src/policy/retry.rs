//! What becomes of a job after a failed run.

use std::time::Duration;

use super::Backoff;

/// What should become of a job whose run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Try again after the job's backoff, while it has attempts left.
    Retry,
    /// Try again after this long, while the job has attempts left.
    RetryAfter(Duration),
    /// Fail now, whatever attempts are left.
    Permanent,
    /// Hold the whole queue for this long, then run the job again. Costs no attempt.
    RateLimited(Duration),
}

/// What becomes of a job after a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Again after this long.
    Retry(Duration),
    /// It has failed for good.
    Fail,
    /// Back with no attempt counted, and the queue held for this long.
    Hold(Duration),
}

/// Decides from the error's verdict, the attempt that failed (from 1) and how many there may be.
pub(crate) fn after_failure(
    verdict: Verdict,
    attempt: u32,
    attempts: u32,
    backoff: &Backoff,
) -> NextStep {
    match verdict {
        Verdict::RateLimited(hold) => NextStep::Hold(hold),
        Verdict::Permanent => NextStep::Fail,
        Verdict::Retry | Verdict::RetryAfter(_) if attempt >= attempts => NextStep::Fail,
        Verdict::RetryAfter(delay) => NextStep::Retry(delay),
        Verdict::Retry => NextStep::Retry(backoff.delay(attempt)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions() {
        let second = Duration::from_secs(1);
        let backoff = Backoff::fixed(second);
        let decide = |verdict, attempt| after_failure(verdict, attempt, 3, &backoff);
        assert_eq!(decide(Verdict::Retry, 1), NextStep::Retry(second));
        assert_eq!(decide(Verdict::Retry, 3), NextStep::Fail);
        assert_eq!(decide(Verdict::RetryAfter(second * 9), 2), NextStep::Retry(second * 9));
        assert_eq!(decide(Verdict::RetryAfter(second), 3), NextStep::Fail);
        assert_eq!(decide(Verdict::Permanent, 1), NextStep::Fail);
        assert_eq!(decide(Verdict::RateLimited(second), 3), NextStep::Hold(second));
    }
}

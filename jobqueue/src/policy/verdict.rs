//! The decision after a failed run.

use std::time::Duration;

use super::{
    backoff::Backoff, duration::LONGEST_WAIT, error_class::ErrorClass, retry_policy::RetryPolicy,
};

/// What to do with a job whose run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Try again as after a [transient](ErrorClass::Transient) error: with the job's backoff, while
    /// it has attempts left.
    Retry,
    /// Try again after this long, at most a year, while the job has attempts left.
    RetryAfter(Duration),
    /// Fail now, even if attempts are left.
    Permanent,
    /// Throttle the whole queue for this long, at most a day, then run the job again. Costs no
    /// attempt.
    ///
    /// For a limit that all jobs of the queue share. If it concerns this job alone, classify the
    /// error as [`ErrorClass::RateLimited`]: the job is tried again later, and the others go on.
    RateLimited(Duration),
    /// Not a failure: the job waits for this long, at most a year, which costs no attempt. The
    /// queue goes on. A job may be snoozed 1,000 times, unless its
    /// [add](crate::Add::snoozes) or its handler says otherwise; then it fails for good.
    Snooze(Duration),
    /// As the handler's [`RetryPolicy`] has it for errors of this class.
    Classified {
        /// The kind of error.
        class: ErrorClass,
        /// The wait that the other side asked for (HTTP's `Retry-After`): no try comes before.
        retry_after: Option<Duration>,
    },
}

impl From<ErrorClass> for Verdict {
    fn from(class: ErrorClass) -> Self {
        Self::Classified { class, retry_after: None }
    }
}

/// The decision after a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// Again after this long.
    Retry(Duration),
    /// It has failed for good: its attempts are used up.
    Fail,
    /// It has failed for good: no attempt could help.
    FailAtOnce,
    /// Back with no attempt counted, and the queue throttled for this long.
    Throttle(Duration),
    /// Back with no attempt counted, for this long, as often as the job may be.
    Snooze(Duration),
    /// Back with nothing counted, for this long: its run was stopped, or met another one.
    Release(Duration),
}

/// The attempt and the rules that a decision needs beside the verdict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The attempt that failed, from 1.
    pub(crate) attempt: u32,
    /// The most attempts.
    pub(crate) attempts: u32,
    pub(crate) backoff: &'a Backoff,
    pub(crate) policy: &'a RetryPolicy,
}

/// The longest throttle. It concerns all jobs of a queue, and nothing but time ends it: after a day
/// a job finds out whether it still has to be.
const LONGEST_THROTTLE: Duration = Duration::from_secs(86_400);

/// Decides what to do with the job, and whether to raise an alert for which class.
pub(crate) fn after_failure(
    verdict: Verdict,
    chances: Attempt<'_>,
) -> (RetryDecision, Option<ErrorClass>) {
    let Attempt { attempt, attempts, .. } = chances;
    let step = match verdict {
        Verdict::RateLimited(throttle) => RetryDecision::Throttle(throttle.min(LONGEST_THROTTLE)),
        Verdict::Snooze(delay) => RetryDecision::Snooze(delay.min(LONGEST_WAIT)),
        Verdict::Permanent => RetryDecision::FailAtOnce,
        Verdict::RetryAfter(_) if attempt >= attempts => RetryDecision::Fail,
        Verdict::RetryAfter(delay) => RetryDecision::Retry(delay.min(LONGEST_WAIT)),
        Verdict::Retry => return by_class(ErrorClass::Transient, None, chances),
        Verdict::Classified { class, retry_after } => {
            return by_class(class, retry_after, chances);
        }
    };
    (step, None)
}

fn by_class(
    class: ErrorClass,
    retry_after: Option<Duration>,
    chances: Attempt<'_>,
) -> (RetryDecision, Option<ErrorClass>) {
    let rule = chances.policy.of(class);
    let step = match rule.limit(chances.attempts) {
        None => RetryDecision::FailAtOnce,
        Some(limit) if chances.attempt >= limit => RetryDecision::Fail,
        Some(_) => RetryDecision::Retry(rule.wait(chances.attempt, chances.backoff, retry_after)),
    };
    (step, rule.alerts().then_some(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::policy::retry_policy::RetryRule;

    const SECOND: Duration = Duration::from_secs(1);

    fn decide(verdict: impl Into<Verdict>, attempt: u32) -> (RetryDecision, Option<ErrorClass>) {
        let policy = &RetryPolicy::STANDARD;
        let chances = Attempt { attempt, attempts: 5, backoff: &Backoff::fixed(SECOND), policy };
        after_failure(verdict.into(), chances)
    }

    #[test]
    fn verdicts() {
        assert_eq!(decide(Verdict::Retry, 1).0, RetryDecision::Retry(SECOND));
        assert_eq!(decide(Verdict::Retry, 5).0, RetryDecision::Fail);
        assert_eq!(decide(Verdict::RetryAfter(SECOND * 9), 4).0, RetryDecision::Retry(SECOND * 9));
        assert_eq!(decide(Verdict::RetryAfter(SECOND), 5).0, RetryDecision::Fail);
        assert_eq!(decide(Verdict::Permanent, 1).0, RetryDecision::FailAtOnce);
        assert_eq!(decide(Verdict::Snooze(SECOND), 5).0, RetryDecision::Snooze(SECOND));
        assert_eq!(decide(Verdict::RateLimited(SECOND), 5).0, RetryDecision::Throttle(SECOND));
    }

    #[test]
    fn the_standard_matrix() {
        assert_eq!(decide(ErrorClass::Transient, 4), (RetryDecision::Retry(SECOND), None));
        assert_eq!(decide(ErrorClass::Transient, 5), (RetryDecision::Fail, None));
        assert_eq!(decide(ErrorClass::Validation, 1), (RetryDecision::FailAtOnce, None));
        let alert = Some(ErrorClass::Auth);
        assert_eq!(decide(ErrorClass::Auth, 1), (RetryDecision::FailAtOnce, alert));
        assert_eq!(decide(ErrorClass::Server, 2), (RetryDecision::Retry(SECOND), None));
        assert_eq!(decide(ErrorClass::Server, 3), (RetryDecision::Fail, None));
        assert_eq!(decide(ErrorClass::RateLimited, 5), (RetryDecision::Fail, None));
        for (attempt, seconds) in [(1, 5.0), (2, 10.0), (3, 20.0)] {
            let (RetryDecision::Retry(wait), None) = decide(ErrorClass::RateLimited, attempt)
            else {
                panic!("it should be tried again")
            };
            let varied = seconds * 0.5..=seconds * 1.5;
            assert!(varied.contains(&wait.as_secs_f64()), "{attempt}: {wait:?}");
        }
    }

    #[test]
    fn nothing_comes_back_before_its_retry_after() {
        for class in [ErrorClass::RateLimited, ErrorClass::Transient, ErrorClass::Server] {
            for asked in [SECOND, SECOND * 90, SECOND * 3_600] {
                for _ in 0..100 {
                    let verdict = Verdict::Classified { class, retry_after: Some(asked) };
                    let (RetryDecision::Retry(wait), None) = decide(verdict, 1) else {
                        panic!("it should be tried again")
                    };
                    assert!((asked..=asked.mul_f64(1.5)).contains(&wait), "{asked:?}: {wait:?}");
                }
            }
        }
        // At most a year, and never at once.
        let asks = |retry_after| Verdict::Classified { class: ErrorClass::Server, retry_after };
        let (RetryDecision::Retry(wait), None) = decide(asks(Some(Duration::MAX)), 1) else {
            panic!("it should be tried again")
        };
        assert_eq!(wait, SECOND * 365 * 86_400);
        assert_eq!(decide(asks(Some(Duration::ZERO)), 1).0, RetryDecision::Retry(SECOND));
    }

    #[test]
    fn no_wait_is_for_ever() {
        let year = SECOND * 365 * 86_400;
        for (verdict, expected) in [
            (Verdict::RateLimited(Duration::MAX), RetryDecision::Throttle(SECOND * 86_400)),
            (Verdict::Snooze(Duration::MAX), RetryDecision::Snooze(year)),
            (Verdict::RetryAfter(Duration::MAX), RetryDecision::Retry(year)),
        ] {
            assert_eq!(decide(verdict, 1).0, expected, "{verdict:?}");
        }
    }

    #[test]
    fn a_policy_of_ones_own() {
        const OWN: RetryPolicy = RetryPolicy::STANDARD
            .rule(ErrorClass::Validation, RetryRule::retry().attempts(2))
            .rule(ErrorClass::Transient, RetryRule::retry().backoff(Backoff::fixed(SECOND)).alert())
            .rule(ErrorClass::Server, RetryRule::dead_letter());
        let backoff = &Backoff::DEFAULT;
        let decide = |class: ErrorClass, attempt| {
            after_failure(class.into(), Attempt { attempt, attempts: 9, backoff, policy: &OWN })
        };
        assert!(matches!(decide(ErrorClass::Validation, 1), (RetryDecision::Retry(_), None)));
        assert_eq!(decide(ErrorClass::Validation, 2), (RetryDecision::Fail, None));
        let alert = Some(ErrorClass::Transient);
        assert_eq!(decide(ErrorClass::Transient, 1), (RetryDecision::Retry(SECOND), alert));
        assert_eq!(decide(ErrorClass::Transient, 9), (RetryDecision::Fail, alert));
        assert_eq!(decide(ErrorClass::Server, 1), (RetryDecision::FailAtOnce, None));
    }
}

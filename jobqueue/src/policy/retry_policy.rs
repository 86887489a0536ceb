//! The rule for each class of error.

use std::time::Duration;

use super::{backoff::Backoff, error_class::ErrorClass};
use crate::value_error::Invalid;

/// The rule for each [class of error](ErrorClass): whether a job is tried again, after which wait
/// and how often, and whether an alert is raised.
///
/// [`STANDARD`](Self::STANDARD) is the default of handlers. A policy of your own is a constant:
///
/// ```
/// use std::time::Duration;
/// use jobqueue::{job, retry::{ErrorClass, RetryPolicy, RetryRule}, Backoff, Failure};
///
/// const PATIENT: RetryPolicy = RetryPolicy::STANDARD
///     .rule(ErrorClass::Server,
/// RetryRule::retry().backoff(Backoff::fixed(Duration::from_secs(60))))
///     .rule(ErrorClass::Validation, RetryRule::dead_letter().alert());
///
/// #[job(queue = "orders", attempts = 10, retry = PATIENT)]
/// async fn charge(order: u64) -> Result<(), Failure> {
///     Err(Failure::classified(ErrorClass::Server, format!("no answer for order {order}")))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    transient: RetryRule,
    rate_limited: RetryRule,
    validation: RetryRule,
    auth: RetryRule,
    server: RetryRule,
}

/// The rule for errors of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryRule {
    /// The most attempts; none for those that fail at once.
    attempts: Option<u32>,
    /// Replaces the job's own.
    backoff: Option<Backoff>,
    alert: bool,
}

const NO_ATTEMPTS: &str = "use 1 or more, or `RetryRule::dead_letter()` for none";

impl RetryRule {
    /// The job is tried again, with its own backoff and as often as it has attempts.
    #[must_use]
    pub const fn retry() -> Self {
        Self { attempts: Some(u32::MAX), backoff: None, alert: false }
    }

    /// The job fails for good at once, and goes to its dead-letter queue if it has one.
    #[must_use]
    pub const fn dead_letter() -> Self {
        Self { attempts: None, backoff: None, alert: false }
    }

    /// The wait before the next attempt, in place of the job's own backoff. A Retry-After comes
    /// first.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// The job fails for good if its attempt of this number fails in this class, even if it has
    /// more. Attempts are counted over all classes, from 1.
    #[must_use]
    pub const fn attempts(mut self, most: u32) -> Self {
        self.attempts = Some(most);
        self
    }

    /// Each error of this class raises
    /// [`WorkerEvent::Alert`](crate::telemetry::WorkerEvent::Alert).
    #[must_use]
    pub const fn alert(mut self) -> Self {
        self.alert = true;
        self
    }

    pub(crate) const fn alerts(&self) -> bool {
        self.alert
    }

    /// The most attempts of a job that has `attempts`; none if it fails at once.
    pub(crate) fn limit(&self, attempts: u32) -> Option<u32> {
        self.attempts.map(|most| most.min(attempts))
    }

    /// The wait after `attempt` has failed, from the job's backoff and the wait the other side
    /// asked for.
    pub(crate) fn wait(
        &self,
        attempt: u32,
        own: &Backoff,
        retry_after: Option<Duration>,
    ) -> Duration {
        let backoff = self.backoff.as_ref().unwrap_or(own);
        match retry_after {
            // A Retry-After of zero counts as none.
            Some(asked) if !asked.is_zero() => backoff.at_least(asked),
            _ => backoff.delay(attempt),
        }
    }
}

impl RetryPolicy {
    /// The default policy.
    ///
    /// | class | tried again | how |
    /// | --- | --- | --- |
    /// | transient | as often as the job has attempts | with the job's backoff: exponential, by default |
    /// | rate limited | as often as the job has attempts | not before the Retry-After that was given; without one after 5 s, 10 s, 20 s … at most 10 min; varied by up to half |
    /// | validation | no | to the dead-letter queue |
    /// | auth | no | an alert, and to the dead-letter queue |
    /// | server | until the third attempt | with the job's backoff, then to the dead-letter queue |
    pub const STANDARD: Self = Self {
        transient: RetryRule::retry(),
        rate_limited: RetryRule::retry().backoff(
            Backoff::exponential(Duration::from_secs(5)).max(Duration::from_secs(600)).jitter(0.5),
        ),
        validation: RetryRule::dead_letter(),
        auth: RetryRule::dead_letter().alert(),
        server: RetryRule::retry().attempts(3),
    };

    /// The same with another rule for one class.
    #[must_use]
    pub const fn rule(mut self, class: ErrorClass, rule: RetryRule) -> Self {
        match class {
            ErrorClass::Transient => self.transient = rule,
            ErrorClass::RateLimited => self.rate_limited = rule,
            ErrorClass::Validation => self.validation = rule,
            ErrorClass::Auth => self.auth = rule,
            ErrorClass::Server => self.server = rule,
        }
        self
    }

    /// The rule for a class.
    pub(crate) const fn of(&self, class: ErrorClass) -> &RetryRule {
        match class {
            ErrorClass::Transient => &self.transient,
            ErrorClass::RateLimited => &self.rate_limited,
            ErrorClass::Validation => &self.validation,
            ErrorClass::Auth => &self.auth,
            ErrorClass::Server => &self.server,
        }
    }

    /// What would work, if this doesn't.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        let rules = [self.transient, self.rate_limited, self.validation, self.auth, self.server];
        let mut at = 0;
        while at < rules.len() {
            if matches!(rules[at].attempts, Some(0)) {
                return Some(NO_ATTEMPTS);
            }
            if let Some(backoff) = &rules[at].backoff
                && let Some(problem) = backoff.problem()
            {
                return Some(problem);
            }
            at += 1;
        }
        None
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        for rule in [self.transient, self.rate_limited, self.validation, self.auth, self.server] {
            if rule.attempts == Some(0) {
                return Err(Invalid::new("retry rule attempts", 0, NO_ATTEMPTS));
            }
            rule.backoff.map_or(Ok(()), |backoff| backoff.validate())?;
        }
        Ok(())
    }
}

//! The rules for one run: what its job's add said, else its handler, else the consumer's defaults.

use std::time::Duration;

use super::defaults::JobDefaults;
use crate::{
    job::{Delivery, JobOptions, RunRules},
    policy::{Attempt, Backoff, Retain, RetryPolicy},
};

/// The rules for one run of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunPolicy {
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    backoff: Backoff,
    retry: &'static RetryPolicy,
    pub(crate) timeout: Option<Duration>,
    pub(super) retain: Retain,
    pub(super) retain_failed: Retain,
    /// Whether a caller waits for the outcome.
    pub(super) awaited: bool,
    pub(crate) delivery: Delivery,
}

impl RunPolicy {
    pub(crate) fn new(
        attempts_made: u32,
        options: &JobOptions,
        rules: &RunRules,
        defaults: &JobDefaults,
    ) -> Self {
        let once = rules.delivery == Delivery::AtMostOnce;
        let retain = options.retain.or(rules.retain).unwrap_or(defaults.retain);
        let retain_failed = options.retain_failed.or(rules.retain_failed);
        Self {
            attempt: attempts_made.saturating_add(1),
            attempts: if once { 1 } else { options.attempts.unwrap_or(rules.attempts) },
            backoff: options.backoff.unwrap_or(rules.backoff),
            retry: rules.retry,
            timeout: options.timeout.or(rules.timeout),
            retain: if once { Retain::none() } else { retain },
            retain_failed: retain_failed.unwrap_or(defaults.retain_failed),
            awaited: options.reply_to.is_some(),
            delivery: rules.delivery,
        }
    }

    /// For a job whose record can't be read.
    pub(super) fn unknown(attempts_made: u32, defaults: &JobDefaults) -> Self {
        Self::new(attempts_made, &JobOptions::default(), &RunRules::DEFAULT, defaults)
    }

    /// The same with another wait before the next attempt.
    pub(crate) fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    pub(super) fn as_attempt(&self) -> Attempt<'_> {
        let Self { attempt, attempts, ref backoff, retry: policy, .. } = *self;
        Attempt { attempt, attempts, backoff, policy }
    }
}

//! The rules for one run: what its job's add said, else its handler, else the consumer's defaults.

use std::{num::NonZeroI64, time::Duration};

use super::{defaults::JobDefaults, lifetime::Lifetime};
use crate::{
    job::{Delivery, JobName, JobOptions, Keep, Pool, RunRules, Tries},
    policy::{Attempt, Backoff, Retain, RetryPolicy},
};

/// The rules for one run of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunPolicy {
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    /// How often the job was snoozed, and may be.
    pub(crate) snoozed: u32,
    most_snoozes: u32,
    /// How often a worker that is behind has left the job to others.
    pub(crate) misses: u32,
    /// See [`Tries::due`].
    pub(super) due: Option<NonZeroI64>,
    backoff: Backoff,
    retry: &'static RetryPolicy,
    pub(crate) timeout: Option<Duration>,
    pub(crate) lifetime: Lifetime,
    retain: (Retain, Scope),
    retain_failed: (Retain, Scope),
    /// Whether a caller waits for the outcome.
    pub(super) awaited: bool,
    pub(crate) delivery: Delivery,
    /// Why the job fails for good once its run has undone what others have done.
    pub(crate) doom: Option<Doom>,
}

/// Why a job fails without a run that could succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    Stalled(u32),
    Deadline,
}

/// Whose retention it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Consumer,
    Handler,
    Add,
}

impl RunPolicy {
    pub(crate) fn new(
        attempts_made: u32,
        options: &JobOptions,
        rules: &RunRules,
        defaults: &JobDefaults,
    ) -> Self {
        let once = rules.delivery == Delivery::AtMostOnce;
        let retain = scoped(options.retain, rules.retain, defaults.retain);
        Self {
            attempt: attempts_made.saturating_add(1),
            attempts: if once { 1 } else { options.attempts.unwrap_or(rules.attempts) },
            snoozed: 0,
            most_snoozes: options.snoozes.unwrap_or(rules.snoozes),
            misses: 0,
            due: None,
            backoff: options.backoff.unwrap_or(rules.backoff),
            retry: rules.retry,
            timeout: options.timeout.or(rules.timeout),
            lifetime: Lifetime::default(),
            retain: if once { (Retain::none(), Scope::Consumer) } else { retain },
            retain_failed: scoped(
                options.retain_failed,
                rules.retain_failed,
                defaults.retain_failed,
            ),
            awaited: options.reply_to.is_some(),
            delivery: rules.delivery,
            doom: None,
        }
    }

    /// For a job whose record can't be read.
    pub(super) fn unknown(attempts_made: u32, defaults: &JobDefaults) -> Self {
        Self::new(attempts_made, &JobOptions::default(), &RunRules::DEFAULT, defaults)
    }

    /// What is kept of a completed job of this name.
    pub(super) fn keep(&self, name: Option<&JobName>) -> Keep {
        keep(self.retain, name)
    }

    /// What is kept of a failed one.
    pub(super) fn keep_failed(&self, name: Option<&JobName>) -> Keep {
        keep(self.retain_failed, name)
    }

    /// The same with another wait before the next attempt.
    pub(crate) fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// The same for a run that goes on though the job's time is over.
    pub(crate) fn without_end(self) -> Self {
        Self { lifetime: Lifetime::default(), ..self }
    }

    /// The same for someone who wants to see the result, though it isn't kept.
    #[cfg(feature = "testing")]
    pub(crate) fn with_result(self) -> Self {
        Self { awaited: true, ..self }
    }

    pub(super) fn may_snooze(&self) -> bool {
        self.snoozed < self.most_snoozes
    }

    /// How often the job was tried once this attempt has failed.
    pub(super) fn failed_once_more(&self) -> Tries {
        Tries { attempts: self.attempt, snoozes: self.snoozed, due: self.due }
    }

    /// The same once this run has ended in a snooze.
    pub(super) fn snoozed_once_more(&self) -> Tries {
        let attempts = self.attempt.saturating_sub(1);
        Tries { attempts, snoozes: self.snoozed.saturating_add(1), due: self.due }
    }

    pub(super) fn as_attempt(&self) -> Attempt<'_> {
        let Self { attempt, attempts, ref backoff, retry: policy, .. } = *self;
        Attempt { attempt, attempts, backoff, policy }
    }
}

/// What an add says goes before its handler, and that before the consumer.
fn scoped(of_add: Option<Retain>, of_handler: Option<Retain>, default: Retain) -> (Retain, Scope) {
    match (of_add, of_handler) {
        (Some(retain), of_handler) if of_handler != Some(retain) => (retain, Scope::Add),
        (_, Some(retain)) => (retain, Scope::Handler),
        _ => (default, Scope::Consumer),
    }
}

fn keep((retain, scope): (Retain, Scope), name: Option<&JobName>) -> Keep {
    let pool = match (name, scope) {
        (Some(name), Scope::Handler) => Pool::Handler(name.clone()),
        (Some(name), Scope::Add) => Pool::Added(name.clone(), retain),
        _ => Pool::Common,
    };
    // Of what isn't kept, there is no pool.
    if retain.keeps_nothing() { Keep::NONE } else { Keep { retain, pool } }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rules() -> RunRules {
        RunRules {
            attempts: 4,
            timeout: Some(SECOND),
            retain: Some(Retain::count(2)),
            retain_failed: Some(Retain::count(3)),
            ..RunRules::DEFAULT
        }
    }

    /// Attempts, timeout, and how many completed and failed jobs are kept.
    type Found = (u32, Option<Duration>, Option<u64>, Option<u64>);

    fn found(options: &JobOptions, rules: &RunRules) -> Found {
        let policy = RunPolicy::new(0, options, rules, &JobDefaults::DEFAULT);
        let kept = |keep: Keep| keep.retain.max_count();
        (policy.attempts, policy.timeout, kept(policy.keep(None)), kept(policy.keep_failed(None)))
    }

    #[test]
    fn what_an_add_says_goes_before_its_handler_and_that_before_defaults() {
        let nothing = JobOptions::default();
        let add = JobOptions {
            attempts: Some(9),
            timeout: Some(2 * SECOND),
            retain: Some(Retain::count(7)),
            retain_failed: Some(Retain::count(8)),
            ..JobOptions::default()
        };
        let (completed, failed) = (Retain::DEFAULT_COMPLETED, Retain::DEFAULT_FAILED);
        let attempts = RunRules::DEFAULT.attempts;
        assert_eq!(
            found(&nothing, &RunRules::DEFAULT),
            (attempts, None, completed.max_count(), failed.max_count())
        );
        assert_eq!(found(&nothing, &rules()), (4, Some(SECOND), Some(2), Some(3)));
        assert_eq!(found(&add, &rules()), (9, Some(2 * SECOND), Some(7), Some(8)));
    }

    #[test]
    fn a_retention_counts_among_the_jobs_of_who_said_it() {
        let name: JobName = "report".parse().expect("a good name");
        let pools = |options: &JobOptions, rules: &RunRules| {
            let policy = RunPolicy::new(0, options, rules, &JobDefaults::DEFAULT);
            (policy.keep(Some(&name)).pool, policy.keep_failed(Some(&name)).pool)
        };
        let nothing = JobOptions::default();
        let of_handler = || Pool::Handler(name.clone());
        assert_eq!(pools(&nothing, &RunRules::DEFAULT), (Pool::Common, Pool::Common));
        assert_eq!(pools(&nothing, &rules()), (of_handler(), of_handler()));
        let (same, other) = (Retain::count(2), Retain::count(9));
        let add =
            JobOptions { retain: Some(same), retain_failed: Some(other), ..JobOptions::default() };
        let of_add = Pool::Added(name.clone(), other);
        assert_eq!(pools(&add, &rules()), (of_handler(), of_add.clone()));
        let same = Pool::Added(name.clone(), same);
        assert_eq!(pools(&add, &RunRules::DEFAULT), (same, of_add));
        let none = JobOptions { retain: Some(Retain::none()), ..JobOptions::default() };
        assert_eq!(pools(&none, &rules()), (Pool::Common, of_handler()));
    }

    #[test]
    fn a_job_that_runs_at_most_once_has_one_attempt_and_leaves_nothing() {
        let rules = RunRules { delivery: Delivery::AtMostOnce, ..rules() };
        let add = JobOptions { attempts: Some(9), ..JobOptions::default() };
        assert_eq!(found(&add, &rules), (1, Some(SECOND), Some(0), Some(3)));
    }
}

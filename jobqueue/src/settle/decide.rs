//! Classify: from how a run ended to what becomes of its job. No Redis, no clock, no runtime.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    job::{
        Codec, Delivery, Effect, Failure, FailureReason, JobFailure, JobOptions, Outcome,
        QueueName, Record, RunRules, Transition,
    },
    policy::{
        Attempt, Backoff, ErrorClass, Retain, RetryDecision, RetryPolicy, Verdict, after_failure,
    },
    settle::JobDefaults,
    value_error::PayloadError,
};

/// How a run ended, or why there was none.
#[derive(Debug)]
pub(crate) enum RunOutcome {
    /// The result, as written.
    Success(Vec<u8>),
    /// The handler, or an extractor, returned an error.
    Failure(Failure),
    TimedOut(Duration),
    Panicked(String),
    BadPayload(PayloadError),
    /// Fetched after too many crashes of its workers.
    Stalled(u32),
    /// Fetched too often by workers that don't know its name.
    UnknownName(String),
    /// Fetched too often by workers that don't know its payload's version.
    NewerVersion {
        name: String,
        version: u32,
        known: u32,
    },
    /// What stands in Redis can't be read.
    Corrupt(String),
    /// It has waited too long.
    Expired,
}

impl RunOutcome {
    /// No handler of the job's name, or none that knows its version but one up to `known`.
    pub(crate) fn unknown(record: &Record, known: Option<u32>) -> Self {
        let name = record.name.to_string();
        match known {
            None => Self::UnknownName(name),
            Some(known) => Self::NewerVersion { name, version: record.version(), known },
        }
    }
}

/// What holds for one job: what its add said, else its handler, else the worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunPolicy {
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    backoff: Backoff,
    retry: &'static RetryPolicy,
    pub(crate) timeout: Option<Duration>,
    retain: Retain,
    retain_failed: Retain,
    /// Whether somebody waits for the outcome.
    awaited: bool,
    pub(crate) delivery: Delivery,
}

impl RunPolicy {
    pub(crate) fn new(
        attempts_made: u32,
        options: &JobOptions,
        rules: &RunRules,
        care: &JobDefaults,
    ) -> Self {
        let once = rules.delivery == Delivery::AtMostOnce;
        let retain = options.retain.or(rules.retain);
        Self {
            attempt: attempts_made.saturating_add(1),
            attempts: if once { 1 } else { options.attempts.unwrap_or(rules.attempts) },
            backoff: options.backoff.unwrap_or(rules.backoff),
            retry: rules.retry,
            timeout: options.timeout.or(rules.timeout),
            retain: if once { Retain::none() } else { retain.unwrap_or(care.retain) },
            retain_failed: options
                .retain_failed
                .or(rules.retain_failed)
                .unwrap_or(care.retain_failed),
            awaited: options.reply_to.is_some(),
            delivery: rules.delivery,
        }
    }

    /// For a job of which nothing can be read.
    pub(crate) fn unknown(attempts_made: u32, care: &JobDefaults) -> Self {
        Self::new(attempts_made, &JobOptions::default(), &RunRules::DEFAULT, care)
    }
}

/// What becomes of a job.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) end: Transition,
    /// What follows from it elsewhere.
    pub(crate) effects: Vec<Effect>,
    /// The dead-letter queue that the job goes to, for whoever listens.
    pub(crate) dead_letter: Option<QueueName>,
    /// How long the whole queue is held.
    pub(crate) throttle: Duration,
    /// The failure, for whoever listens.
    pub(crate) failure: Option<JobFailure>,
    /// The failure's class, if somebody is to be told.
    pub(crate) alert: Option<ErrorClass>,
}

impl Decision {
    fn new(end: Transition, failure: Option<JobFailure>) -> Self {
        Self {
            end,
            effects: Vec::new(),
            dead_letter: None,
            throttle: Duration::ZERO,
            failure,
            alert: None,
        }
    }

    /// Back for so long, with no attempt counted.
    pub(crate) fn released(delay: Duration) -> Self {
        Self::new(Transition::Released { delay, misses: None }, None)
    }
}

/// Decides what becomes of a job.
pub(crate) fn decide(ended: RunOutcome, run_policy: &RunPolicy, codec: Codec) -> Decision {
    let (reason, verdict, message, causes) = match ended {
        RunOutcome::Success(result) => return completed(result, run_policy, codec),
        RunOutcome::Failure(failure) => {
            let verdict = failure.verdict();
            let (message, causes) = failure.into_parts();
            (FailureReason::Error, verdict, message, causes)
        }
        RunOutcome::TimedOut(limit) => {
            let message = format!("the run took longer than {limit:?}");
            (FailureReason::Timeout, Verdict::Retry, message, Vec::new())
        }
        RunOutcome::Panicked(message) => {
            (FailureReason::Panic, Verdict::Retry, message, Vec::new())
        }
        RunOutcome::BadPayload(error) => {
            let (message, causes) = Failure::from(error).into_parts();
            (FailureReason::BadPayload, Verdict::Permanent, message, causes)
        }
        RunOutcome::Stalled(stalls) => {
            let message = format!("its workers died or lost their lease {stalls} times");
            (FailureReason::Stalled, Verdict::Permanent, message, Vec::new())
        }
        RunOutcome::UnknownName(name) => {
            let message = format!("no worker of this queue has a handler named {name:?}");
            (FailureReason::UnknownName, Verdict::Permanent, message, Vec::new())
        }
        RunOutcome::NewerVersion { name, version, known } => {
            let message = format!(
                "the payload has version {version}; the handler {name:?} reads up to version {known}"
            );
            (FailureReason::NewerVersion, Verdict::Permanent, message, Vec::new())
        }
        RunOutcome::Expired => {
            let message = "it waited for longer than its time to live".to_owned();
            (FailureReason::Expired, Verdict::Permanent, message, Vec::new())
        }
        RunOutcome::Corrupt(message) => {
            (FailureReason::Corrupt, Verdict::Permanent, message, Vec::new())
        }
    };
    failed(JobFailure { reason, message, causes, attempt: run_policy.attempt }, verdict, run_policy)
}

fn completed(result: Vec<u8>, run_policy: &RunPolicy, codec: Codec) -> Decision {
    let outcome = if run_policy.retain.keeps_nothing() && !run_policy.awaited {
        Vec::new()
    } else {
        Outcome::Completed { codec, result: Bytes::from(result) }.encode()
    };
    Decision::new(Transition::Completed { retain: run_policy.retain, outcome }, None)
}

fn failed(mut failure: JobFailure, verdict: Verdict, run_policy: &RunPolicy) -> Decision {
    let RunPolicy { attempt, attempts, ref backoff, retry: policy, .. } = *run_policy;
    let (step, alert) = after_failure(verdict, Attempt { attempt, attempts, backoff, policy });
    if step == RetryDecision::FailAtOnce && failure.reason == FailureReason::Error {
        failure.reason = FailureReason::Permanent;
    }
    let error = failure.encode();
    // A job that was settled before it ran gets no other chance.
    let step = if run_policy.delivery == Delivery::AtMostOnce { RetryDecision::Fail } else { step };
    let (end, throttle) = match step {
        RetryDecision::Retry(delay) => {
            (Transition::Retried { attempt: run_policy.attempt, delay, error }, Duration::ZERO)
        }
        RetryDecision::Fail | RetryDecision::FailAtOnce => {
            let outcome = Outcome::Failed(failure.clone()).encode();
            (
                Transition::Failed { retain: run_policy.retain_failed, outcome, error },
                Duration::ZERO,
            )
        }
        RetryDecision::Snooze(delay) => {
            (Transition::Released { delay, misses: None }, Duration::ZERO)
        }
        RetryDecision::Throttle(throttle) => {
            (Transition::Released { delay: Duration::ZERO, misses: None }, throttle)
        }
    };
    Decision { throttle, alert, ..Decision::new(end, Some(failure)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::settle::JobDefaults;

    fn run_policy(attempts_made: u32) -> RunPolicy {
        let options = JobOptions { attempts: Some(2), ..JobOptions::default() };
        RunPolicy::new(attempts_made, &options, &RunRules::DEFAULT, &JobDefaults::DEFAULT)
    }

    fn end(ended: RunOutcome, attempts_made: u32) -> Decision {
        decide(ended, &run_policy(attempts_made), Codec::MessagePack)
    }

    #[test]
    fn an_error_is_retried_until_attempts_are_used_up() {
        let error = || RunOutcome::Failure(Failure::retry("no"));
        assert!(matches!(end(error(), 0).end, Transition::Retried { attempt: 1, .. }));
        assert!(matches!(end(error(), 1).end, Transition::Failed { .. }));
    }

    #[test]
    fn what_no_attempt_mends_fails_at_once() {
        for ended in [
            RunOutcome::BadPayload(PayloadError::decode::<u8>("JSON", "x")),
            RunOutcome::Stalled(3),
            RunOutcome::UnknownName("x".into()),
            RunOutcome::NewerVersion { name: "x".into(), version: 3, known: 2 },
            RunOutcome::Corrupt("x".into()),
            RunOutcome::Expired,
            RunOutcome::Failure(Failure::permanent("no")),
        ] {
            let text = format!("{ended:?}");
            assert!(matches!(end(ended, 0).end, Transition::Failed { .. }), "{text}");
        }
    }

    #[test]
    fn a_rate_limit_costs_no_attempt() {
        let throttle = Duration::from_secs(7);
        let decision = end(RunOutcome::Failure(Failure::rate_limited(throttle, "slow down")), 1);
        assert!(matches!(decision.end, Transition::Released { misses: None, .. }));
        assert_eq!(decision.throttle, throttle);
    }
}

//! Classify: from how a run ended to what becomes of its job. No Redis, no clock, no runtime.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    job::{
        Codec, Delivery, Effect, End, Failure, FailureReason, JobFailure, JobOptions, Outcome,
        QueueName, Record, RunRules,
    },
    policy::{Backoff, Chances, ErrorClass, NextStep, Retain, RetryPolicy, Verdict, after_failure},
    settle::Care,
    value_error::PayloadError,
};

/// How a run ended, or why there was none.
#[derive(Debug)]
pub(crate) enum Ended {
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

impl Ended {
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
pub(crate) struct Terms {
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

impl Terms {
    pub(crate) fn new(
        attempts_made: u32,
        options: &JobOptions,
        rules: &RunRules,
        care: &Care,
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
    pub(crate) fn unknown(attempts_made: u32, care: &Care) -> Self {
        Self::new(attempts_made, &JobOptions::default(), &RunRules::DEFAULT, care)
    }
}

/// What becomes of a job.
#[derive(Debug)]
pub(crate) struct Ruling {
    pub(crate) end: End,
    /// What follows from it elsewhere.
    pub(crate) effects: Vec<Effect>,
    /// The dead-letter queue that the job goes to, for whoever listens.
    pub(crate) letter: Option<QueueName>,
    /// How long the whole queue is held.
    pub(crate) hold: Duration,
    /// The failure, for whoever listens.
    pub(crate) failure: Option<JobFailure>,
    /// The failure's class, if somebody is to be told.
    pub(crate) alert: Option<ErrorClass>,
}

impl Ruling {
    fn new(end: End, failure: Option<JobFailure>) -> Self {
        Self { end, effects: Vec::new(), letter: None, hold: Duration::ZERO, failure, alert: None }
    }

    /// Back for so long, with no attempt counted.
    pub(crate) fn released(delay: Duration) -> Self {
        Self::new(End::Released { delay, misses: None }, None)
    }
}

/// Decides what becomes of a job.
pub(crate) fn rule(ended: Ended, terms: &Terms, codec: Codec) -> Ruling {
    let (reason, verdict, message, causes) = match ended {
        Ended::Success(result) => return completed(result, terms, codec),
        Ended::Failure(failure) => {
            let verdict = failure.verdict();
            let (message, causes) = failure.into_parts();
            (FailureReason::Error, verdict, message, causes)
        }
        Ended::TimedOut(limit) => {
            let message = format!("the run took longer than {limit:?}");
            (FailureReason::Timeout, Verdict::Retry, message, Vec::new())
        }
        Ended::Panicked(message) => (FailureReason::Panic, Verdict::Retry, message, Vec::new()),
        Ended::BadPayload(error) => {
            let message = format!("the payload {error}");
            (FailureReason::BadPayload, Verdict::Permanent, message, Vec::new())
        }
        Ended::Stalled(stalls) => {
            let message = format!("its workers died or lost their lease {stalls} times");
            (FailureReason::Stalled, Verdict::Permanent, message, Vec::new())
        }
        Ended::UnknownName(name) => {
            let message = format!("no worker of this queue has a handler named {name:?}");
            (FailureReason::UnknownName, Verdict::Permanent, message, Vec::new())
        }
        Ended::NewerVersion { name, version, known } => {
            let message = format!(
                "the payload has version {version}, and no worker that fetched it knows that; the handler {name:?} here knows up to {known}"
            );
            (FailureReason::NewerVersion, Verdict::Permanent, message, Vec::new())
        }
        Ended::Expired => {
            let message = "it waited for longer than its time to live".to_owned();
            (FailureReason::Expired, Verdict::Permanent, message, Vec::new())
        }
        Ended::Corrupt(message) => {
            (FailureReason::Corrupt, Verdict::Permanent, message, Vec::new())
        }
    };
    failed(JobFailure { reason, message, causes, attempt: terms.attempt }, verdict, terms)
}

fn completed(result: Vec<u8>, terms: &Terms, codec: Codec) -> Ruling {
    let outcome = if terms.retain.keeps_nothing() && !terms.awaited {
        Vec::new()
    } else {
        Outcome::Completed { codec, result: Bytes::from(result) }.encode()
    };
    Ruling::new(End::Completed { retain: terms.retain, outcome }, None)
}

fn failed(mut failure: JobFailure, verdict: Verdict, terms: &Terms) -> Ruling {
    let Terms { attempt, attempts, ref backoff, retry: policy, .. } = *terms;
    let (step, alert) = after_failure(verdict, Chances { attempt, attempts, backoff, policy });
    if step == NextStep::FailAtOnce && failure.reason == FailureReason::Error {
        failure.reason = FailureReason::Permanent;
    }
    let error = failure.encode();
    // A job that was settled before it ran gets no other chance.
    let step = if terms.delivery == Delivery::AtMostOnce { NextStep::Fail } else { step };
    let (end, hold) = match step {
        NextStep::Retry(delay) => {
            (End::Retried { attempt: terms.attempt, delay, error }, Duration::ZERO)
        }
        NextStep::Fail | NextStep::FailAtOnce => {
            let outcome = Outcome::Failed(failure.clone()).encode();
            (End::Failed { retain: terms.retain_failed, outcome, error }, Duration::ZERO)
        }
        NextStep::GoBack(delay) => (End::Released { delay, misses: None }, Duration::ZERO),
        NextStep::Hold(hold) => (End::Released { delay: Duration::ZERO, misses: None }, hold),
    };
    Ruling { hold, alert, ..Ruling::new(end, Some(failure)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::settle::Care;

    fn terms(attempts_made: u32) -> Terms {
        let options = JobOptions { attempts: Some(2), ..JobOptions::default() };
        Terms::new(attempts_made, &options, &RunRules::DEFAULT, &Care::DEFAULT)
    }

    fn end(ended: Ended, attempts_made: u32) -> Ruling {
        rule(ended, &terms(attempts_made), Codec::MessagePack)
    }

    #[test]
    fn an_error_is_retried_until_attempts_are_used_up() {
        let error = || Ended::Failure(Failure::retry("no"));
        assert!(matches!(end(error(), 0).end, End::Retried { attempt: 1, .. }));
        assert!(matches!(end(error(), 1).end, End::Failed { .. }));
    }

    #[test]
    fn what_no_attempt_mends_fails_at_once() {
        for ended in [
            Ended::BadPayload(PayloadError::Decode("x".into())),
            Ended::Stalled(3),
            Ended::UnknownName("x".into()),
            Ended::NewerVersion { name: "x".into(), version: 3, known: 2 },
            Ended::Corrupt("x".into()),
            Ended::Expired,
            Ended::Failure(Failure::permanent("no")),
        ] {
            let text = format!("{ended:?}");
            assert!(matches!(end(ended, 0).end, End::Failed { .. }), "{text}");
        }
    }

    #[test]
    fn a_rate_limit_costs_no_attempt() {
        let hold = Duration::from_secs(7);
        let ruling = end(Ended::Failure(Failure::rate_limited(hold, "slow down")), 1);
        assert!(matches!(ruling.end, End::Released { misses: None, .. }));
        assert_eq!(ruling.hold, hold);
    }
}

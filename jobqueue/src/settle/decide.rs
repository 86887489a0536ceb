//! From how a run ended to what becomes of its job: completed, retried, failed or released, with
//! the dead letter and the reply that follow.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    dead_letter::{self, DeadLetterRoute},
    decision::Decision,
    reply,
    run_outcome::RunOutcome,
    run_policy::RunPolicy,
};
use crate::{
    job::{
        Codec, Counts, Delivery, FailureReason, JobFailure, JobId, JobName, Outcome, ReplyAddress,
        Transition,
    },
    policy::{ErrorClass, RetryDecision, after_failure},
};

/// A job that has ended, with or without a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedJob<'a> {
    pub(crate) id: &'a JobId,
    /// None if its record can't be read.
    pub(crate) name: Option<&'a JobName>,
    /// How the result is encoded.
    pub(crate) codec: Codec,
    /// The caller that waits for the outcome.
    pub(crate) reply_to: Option<&'a ReplyAddress>,
    /// Whether it belongs to a group.
    pub(crate) has_group: bool,
}

/// Decides what becomes of a job that has run. As [`decide`]; but one that runs at most once was
/// settled before its run: no dead letter can travel with its settlement any more.
pub(crate) fn decide_run<'a>(
    outcome: RunOutcome,
    policy: &RunPolicy,
    job: EndedJob<'a>,
    route: impl FnOnce() -> Option<DeadLetterRoute<'a>>,
) -> Decision {
    let is_in_time = policy.delivery == Delivery::AtLeastOnce;
    decide(outcome, policy, job, || if is_in_time { route() } else { None })
}

/// Decides what becomes of a job. `route` says where it goes if it has failed for good. That is asked
/// when it is certain, and the policy is asked once: a wait that varies at random may end within the
/// job's time or beyond it, and so may retry a job or fail it.
pub(crate) fn decide<'a>(
    outcome: RunOutcome,
    policy: &RunPolicy,
    job: EndedJob<'a>,
    route: impl FnOnce() -> Option<DeadLetterRoute<'a>>,
) -> Decision {
    let outcome = match outcome {
        RunOutcome::Cancelled(reason) => {
            return Decision::new(Transition::Cancelled { reason }, None);
        }
        RunOutcome::Suspended(suspended) => match suspended.within(&policy.lifetime) {
            Some(wait) => return Decision::suspended(wait),
            None => RunOutcome::Deadline { ran: true },
        },
        // Even if its time is over: who knows more than this worker can undo what it has done.
        RunOutcome::Behind(Some(delay)) => {
            let counts = Counts::Miss(policy.misses.saturating_add(1));
            return Decision::new(Transition::Released { delay, counts }, None);
        }
        outcome => outcome,
    };
    let step = next_step(&outcome, policy);
    let mut decision = match (outcome.into_result(policy.attempt), step) {
        (Ok(result), _) => completed(result, policy, &job),
        (Err(failure), step) => {
            let step = step.unwrap_or((RetryDecision::FailAtOnce, None, None));
            failed(failure, step, policy, &job)
        }
    };
    follow(&mut decision, &job, route);
    decision
}

/// Fails a job for good for a reason that is known from before: what its handler has done was undone
/// meanwhile.
pub(crate) fn fail<'a>(
    failure: JobFailure,
    policy: &RunPolicy,
    job: EndedJob<'a>,
    route: impl FnOnce() -> Option<DeadLetterRoute<'a>>,
) -> Decision {
    let mut decision = failed(failure, (RetryDecision::Fail, None, None), policy, &job);
    follow(&mut decision, &job, route);
    decision
}

/// What follows elsewhere.
fn follow<'a>(
    decision: &mut Decision,
    job: &EndedJob<'a>,
    route: impl FnOnce() -> Option<DeadLetterRoute<'a>>,
) {
    if matches!(decision.end, Transition::Failed { .. })
        && let Some(route) = route()
    {
        dead_letter::attach(decision, job.id, route);
    }
    if let Some(reply_to) = job.reply_to {
        reply::attach(decision, job.id, reply_to);
    }
}

/// What follows from a failed run, the class to alert of, and the reason if a limit has ended the job.
type Step = (RetryDecision, Option<ErrorClass>, Option<FailureReason>);

/// What follows from a failed run, within the times and the snoozes that the job has; none if it
/// didn't fail.
fn next_step(outcome: &RunOutcome, policy: &RunPolicy) -> Option<Step> {
    let (step, alert) = after_failure(outcome.verdict()?, policy.as_attempt());
    let step = match step {
        RetryDecision::Snooze(_) if outcome.is_snoozed() && !policy.may_snooze() => {
            return Some((RetryDecision::Fail, alert, Some(FailureReason::SnoozesOver)));
        }
        RetryDecision::Snooze(delay) if !outcome.is_snoozed() => RetryDecision::Release(delay),
        step => step,
    };
    let (step, over) = policy.lifetime.bound(step, Instant::now());
    Some((step, alert, over))
}

fn completed(result: Vec<u8>, policy: &RunPolicy, job: &EndedJob<'_>) -> Decision {
    let (keep, codec) = (policy.keep(job.name), job.codec);
    let outcome = if keep.keeps_nothing() && !policy.awaited {
        Vec::new()
    } else {
        Outcome::Completed { codec, result: Bytes::from(result) }.encode()
    };
    Decision::new(Transition::Completed { keep, outcome }, None)
}

fn failed(
    mut failure: JobFailure,
    (step, alert, over): Step,
    policy: &RunPolicy,
    job: &EndedJob<'_>,
) -> Decision {
    failure.reason = over.unwrap_or(failure.reason);
    if step == RetryDecision::FailAtOnce && failure.reason == FailureReason::Error {
        failure.reason = FailureReason::Permanent;
    }
    let error = failure.encode();
    // A job that was settled before it ran gets no other attempt.
    let step = if policy.delivery == Delivery::AtMostOnce { RetryDecision::Fail } else { step };
    let released = |delay| Transition::Released { delay, counts: Counts::Nothing };
    let (end, throttle) = match step {
        RetryDecision::Retry(delay) => {
            (Transition::Retried { tries: policy.failed_once_more(), delay, error }, Duration::ZERO)
        }
        RetryDecision::Fail | RetryDecision::FailAtOnce => {
            let outcome = Outcome::Failed(failure.clone()).encode();
            (
                Transition::Failed { keep: policy.keep_failed(job.name), outcome, error },
                Duration::ZERO,
            )
        }
        RetryDecision::Snooze(delay) => {
            let counts = Counts::Snooze(policy.snoozed_once_more());
            (Transition::Released { delay, counts }, Duration::ZERO)
        }
        RetryDecision::Release(delay) => (released(delay), Duration::ZERO),
        RetryDecision::Throttle(delay) if job.has_group => {
            (Transition::Released { delay, counts: Counts::Hold }, Duration::ZERO)
        }
        RetryDecision::Throttle(throttle) => (released(Duration::ZERO), throttle),
    };
    Decision { throttle, alert, ..Decision::new(end, Some(failure)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{
        job::{
            CancelReason, DeadLetter, Failure, JobOptions, OnceHeld, QueueName, Record, RunRules,
            Target, Tries,
        },
        policy::{Backoff, Retain, Verdict},
        settle::JobDefaults,
        value_error::PayloadError,
    };

    fn policy(attempts_made: u32, rules: &RunRules) -> RunPolicy {
        let options = JobOptions { attempts: Some(2), ..JobOptions::default() };
        RunPolicy::new(attempts_made, &options, rules, &JobDefaults::DEFAULT)
    }

    fn queue(name: &str) -> QueueName {
        name.parse().expect("a good name")
    }

    /// The decision about a job that has a dead-letter queue and a caller.
    fn end_by(outcome: RunOutcome, policy: &RunPolicy) -> Decision {
        let (id, from) = (JobId::generate(), queue("orders"));
        let record = Bytes::from_static(b"raw");
        let reply_to = ReplyAddress::generate().expect("a good name");
        let job = EndedJob {
            id: &id,
            name: None,
            codec: Codec::MessagePack,
            reply_to: Some(&reply_to),
            has_group: false,
        };
        let route =
            || Some(DeadLetterRoute { to: queue("dlq"), from: &from, record, has_steps: false });
        decide_run(outcome, policy, job, route)
    }

    fn end(outcome: RunOutcome, attempts_made: u32) -> Decision {
        end_by(outcome, &policy(attempts_made, &RunRules::DEFAULT))
    }

    fn error() -> RunOutcome {
        RunOutcome::Failure(Failure::retry("no"))
    }

    fn snoozed() -> RunOutcome {
        RunOutcome::Failure(Failure::retry("later").with(Verdict::Snooze(Duration::ZERO)))
    }

    #[test]
    fn an_error_is_retried_until_attempts_are_used_up() {
        let tries = Tries { attempts: 1, ..Tries::default() };
        assert!(
            matches!(end(error(), 0).end, Transition::Retried { tries: it, .. } if it == tries)
        );
        assert!(matches!(end(error(), 1).end, Transition::Failed { .. }));
    }

    #[test]
    fn a_failure_that_no_attempt_can_mend_fails_at_once() {
        for outcome in [
            RunOutcome::BadPayload(PayloadError::decode::<u8>("JSON", "x")),
            RunOutcome::Stalled(3),
            RunOutcome::UnknownName("x".into()),
            RunOutcome::NewerVersion { name: "x".into(), version: 3, known: 2 },
            RunOutcome::Corrupt("x".into()),
            RunOutcome::Expired,
            RunOutcome::Failure(Failure::permanent("no")),
        ] {
            let text = format!("{outcome:?}");
            let decision = end(outcome, 0);
            assert!(matches!(decision.end, Transition::Failed { .. }), "{text}");
            assert!(decision.dead_letter.is_some(), "{text}");
        }
    }

    #[test]
    fn of_a_cancelled_job_nothing_follows_but_its_end() {
        let decision = end(RunOutcome::Cancelled(CancelReason::default()), 1);
        assert!(matches!(decision.end, Transition::Cancelled { .. }));
        assert!(decision.effects.is_empty() && decision.failure.is_none(), "its queue replies");
    }

    #[test]
    fn a_failure_that_fails_at_once_is_called_permanent() {
        for (outcome, made, expected) in [
            (RunOutcome::Failure(Failure::permanent("no")), 0, FailureReason::Permanent),
            (error(), 1, FailureReason::Error),
            (RunOutcome::Stalled(3), 0, FailureReason::Stalled),
        ] {
            let failure = end(outcome, made).failure.expect("it failed");
            assert_eq!(failure.reason, expected);
        }
    }

    /// It was once asked twice, and a job failed without its dead letter.
    #[test]
    fn a_wait_at_random_is_asked_for_once_and_decides_about_the_dead_letter() {
        fn either(_: u32) -> Duration {
            Duration::from_millis(if fastrand::bool() { 100 } else { 1_900 })
        }
        let mut ends = [0, 0];
        let second = Duration::from_secs(1);
        for backoff in [Backoff::fixed(second).jitter(1.0), Backoff::custom(either)] {
            let mut policy = policy(0, &RunRules { backoff, ..RunRules::DEFAULT });
            policy.lifetime.deadline = Some(Instant::now() + second);
            for _ in 0..100 {
                let decision = end_by(error(), &policy);
                let fails = matches!(decision.end, Transition::Failed { .. });
                assert_eq!(decision.dead_letter.is_some(), fails, "{:?}", decision.end);
                ends[usize::from(fails)] += 1;
            }
        }
        assert!(ends.iter().all(|count| *count > 10), "{ends:?}");
    }

    #[test]
    fn a_rate_limit_costs_no_attempt() {
        let throttle = Duration::from_secs(7);
        let decision = end(RunOutcome::Failure(Failure::rate_limited(throttle, "slow down")), 1);
        assert!(matches!(decision.end, Transition::Released { counts: Counts::Nothing, .. }));
        assert_eq!(decision.throttle, throttle);
    }

    #[test]
    fn a_snooze_is_counted_and_fails_the_job_at_its_bound() {
        let options = JobOptions { snoozes: Some(3), ..JobOptions::default() };
        let mut policy = RunPolicy::new(1, &options, &RunRules::DEFAULT, &JobDefaults::DEFAULT);
        for snoozes in 0..3 {
            policy.snoozed = snoozes;
            let Transition::Released { counts: Counts::Snooze(tries), .. } =
                end_by(snoozed(), &policy).end
            else {
                panic!("it goes back")
            };
            assert_eq!(tries, Tries { attempts: 1, snoozes: snoozes + 1, due: None });
        }
        policy.snoozed = 3;
        let decision = end_by(snoozed(), &policy);
        assert!(
            matches!(decision.end, Transition::Failed { .. }) && decision.dead_letter.is_some()
        );
        assert_eq!(
            decision.failure.map(|failure| failure.reason),
            Some(FailureReason::SnoozesOver)
        );
        // A run that was told to stop is none, nor is one whose effect another has in hand.
        let stopped = end_by(RunOutcome::Stopped(Failure::retry("stopped")), &policy);
        assert!(matches!(stopped.end, Transition::Released { counts: Counts::Nothing, .. }));
        let held = Failure::from(OnceHeld { left: Duration::from_secs(1) });
        let held = end_by(RunOutcome::Failure(held), &policy);
        assert!(matches!(held.end, Transition::Released { counts: Counts::Nothing, .. }));
        // A retry keeps the count.
        policy.attempts = 9;
        let Transition::Retried { tries, .. } = end_by(error(), &policy).end else {
            panic!("it is tried again")
        };
        assert_eq!(tries, Tries { attempts: 2, snoozes: 3, due: None });
    }

    #[test]
    fn what_follows_travels_with_the_transition_that_ends_the_job() {
        let success = || RunOutcome::Success(vec![1]);
        for (outcome, made, dead_letter, reply) in [
            (success(), 0, false, true),
            (error(), 0, false, false),
            (error(), 1, true, true),
            (RunOutcome::Expired, 0, true, true),
            (snoozed(), 1, false, false),
        ] {
            let text = format!("{outcome:?} after {made}");
            let decision = end(outcome, made);
            let to = |queue: bool| {
                let goes = |target: &Target| matches!(target, Target::Queue(_)) == queue;
                decision.effects.iter().any(|effect| goes(&effect.to))
            };
            assert_eq!((to(true), to(false)), (dead_letter, reply), "{text}");
            assert_eq!(decision.dead_letter.is_some(), dead_letter, "{text}");
        }
    }

    #[test]
    fn a_dead_letter_tells_of_the_failure_and_has_an_id_of_its_own() {
        let decision = end(error(), 1);
        let letter = decision.effects.iter().find(|effect| matches!(effect.to, Target::Queue(_)));
        let record = Bytes::from(letter.expect("a dead letter").record.clone());
        let record = Record::decode(&record).expect("a record");
        let letter: DeadLetter = record.codec.decode(&record.payload).expect("a dead letter");
        assert_eq!((letter.queue.as_str(), &letter.failure.message[..]), ("orders", "no"));
        assert_eq!(letter.failure.attempt, 2);
    }

    #[test]
    fn a_reply_takes_the_outcome_only_of_a_job_that_is_not_kept() {
        for (retain, kept) in [(Retain::none(), false), (Retain::DEFAULT_COMPLETED, true)] {
            let rules = RunRules { retain: Some(retain), ..RunRules::DEFAULT };
            let mut policy = policy(0, &rules);
            policy.awaited = true;
            let decision = end_by(RunOutcome::Success(vec![1]), &policy);
            let Transition::Completed { outcome, .. } = &decision.end else { panic!("completed") };
            assert_eq!(!outcome.is_empty(), kept);
            assert!(!decision.effects[0].record.is_empty());
        }
    }

    #[test]
    fn a_job_that_runs_at_most_once_is_never_retried() {
        let rules = RunRules { delivery: Delivery::AtMostOnce, ..RunRules::DEFAULT };
        let limited = RunOutcome::Failure(Failure::rate_limited(Duration::ZERO, "slow down"));
        for outcome in [error(), snoozed(), limited] {
            let decision = end_by(outcome, &policy(0, &rules));
            assert!(matches!(decision.end, Transition::Failed { .. }), "{:?}", decision.end);
            assert!(decision.dead_letter.is_none(), "it would come too late");
        }
    }
}

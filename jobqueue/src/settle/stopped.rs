//! A run that ended after it was told to stop.

use super::{run_outcome::RunOutcome, run_policy::RunPolicy};
use crate::{
    job::Failure,
    policy::{RetryDecision, after_failure},
};

/// The outcome of a run that was told to stop, at a shutdown, and ended before it was aborted.
///
/// An error that another attempt may mend is the stop's, and so is a timeout: as if the run had
/// been aborted, its job goes back and costs no attempt. A result counts, and so does a failure
/// that no attempt can mend, and a panic, which is a fault of the program.
pub(crate) fn stopped(outcome: RunOutcome, policy: &RunPolicy) -> RunOutcome {
    let mends = |failure: &Failure| {
        let (step, _) = after_failure(failure.verdict(), policy.as_attempt());
        matches!(step, RetryDecision::Retry(_) | RetryDecision::Fail)
    };
    match outcome {
        RunOutcome::Failure(failure) if mends(&failure) => RunOutcome::Stopped(failure),
        RunOutcome::TimedOut(limit) => {
            let message = format!("told to stop, it took longer than {limit:?}");
            RunOutcome::Stopped(Failure::retry(message))
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    use crate::{
        job::{JobOptions, RunRules},
        policy::ErrorClass,
        settle::JobDefaults,
    };

    #[test]
    fn what_another_attempt_may_mend_is_the_stops() {
        let limit = Duration::from_secs(1);
        for attempts in [1, 3] {
            let options = JobOptions { attempts: Some(attempts), ..JobOptions::default() };
            let policy = RunPolicy::new(0, &options, &RunRules::DEFAULT, &JobDefaults::DEFAULT);
            for (outcome, is_stopped) in [
                (RunOutcome::Failure(Failure::retry("stopped")), true),
                (RunOutcome::Failure(Failure::retry("x").with(ErrorClass::Server)), true),
                (RunOutcome::TimedOut(limit), true),
                (RunOutcome::Success(Vec::new()), false),
                (RunOutcome::Failure(Failure::permanent("no")), false),
                (RunOutcome::Failure(Failure::retry("x").with(ErrorClass::Validation)), false),
                (RunOutcome::Failure(Failure::rate_limited(limit, "slow down")), false),
                (RunOutcome::Panicked("boom".into()), false),
            ] {
                let text = format!("{outcome:?} of {attempts}");
                let outcome = stopped(outcome, &policy);
                assert_eq!(matches!(outcome, RunOutcome::Stopped(_)), is_stopped, "{text}");
            }
        }
    }
}

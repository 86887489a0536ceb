//! A handler's circuit breaker in this process. Its runs tell it how the other side is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    policy::{Admission, Breaker, Change, Circuit, ErrorClass, ProbeResult, Verdict},
    settle::RunOutcome,
};

/// A breaker with its state, shared by the runs of a handler.
#[derive(Debug)]
pub(crate) struct HandlerBreaker {
    breaker: Breaker,
    circuit: Mutex<Circuit>,
}

/// One run, for its breaker. If it is dropped before its [`end`](Self::end), the run says nothing.
pub(crate) struct BreakerGuard {
    breaker: Arc<HandlerBreaker>,
    probe: bool,
    told: bool,
}

impl HandlerBreaker {
    pub(crate) fn new(breaker: Breaker) -> Self {
        Self { breaker, circuit: Mutex::new(Circuit::NEW) }
    }

    /// Lets a run start, or answers after which delay it may try again.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<BreakerGuard, Duration> {
        let admission = self.with(|circuit| circuit.admit(&self.breaker, Instant::now()));
        let guard = |probe| BreakerGuard { breaker: self.clone(), probe, told: false };
        match admission {
            Admission::Run => Ok(guard(false)),
            Admission::Probe => Ok(guard(true)),
            Admission::Back(delay) => Err(delay),
        }
    }

    /// How many jobs of this handler are worth fetching now.
    pub(crate) fn demand(&self) -> Demand {
        let now = Instant::now();
        self.with(|circuit| match *circuit {
            Circuit::Closed { .. } => Demand::Any,
            Circuit::Open { until, .. } if now < until => Demand::NoneUntil(until),
            Circuit::Open { .. } => Demand::One,
            Circuit::Probing { .. } => Demand::None,
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Circuit) -> T) -> T {
        act(&mut self.circuit.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ended(&self, probe: bool, sign: ProbeResult) -> Option<Change> {
        self.with(|circuit| circuit.ended(&self.breaker, probe, sign, Instant::now()))
    }
}

/// How many jobs are worth fetching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    Any,
    /// One, which probes.
    One,
    NoneUntil(Instant),
    /// None until the probe has ended.
    None,
}

impl Demand {
    /// For two handlers of one queue.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::One, _) | (_, Self::One) => Self::One,
            (Self::NoneUntil(a), Self::NoneUntil(b)) => Self::NoneUntil(a.min(b)),
            // A probe may end any time.
            (Self::None, _) | (_, Self::None) => Self::None,
        }
    }
}

impl BreakerGuard {
    /// The run has ended. Whether that opens or closes the breaker.
    pub(crate) fn end(self, outcome: &RunOutcome) -> Option<Change> {
        self.end_with(sign(outcome))
    }

    /// The same of what its end says.
    pub(super) fn end_with(mut self, sign: ProbeResult) -> Option<Change> {
        self.told = true;
        self.breaker.ended(self.probe, sign)
    }
}

impl Drop for BreakerGuard {
    fn drop(&mut self) {
        if !self.told {
            self.breaker.ended(self.probe, ProbeResult::None);
        }
    }
}

/// What the end of a run says about the other side.
pub(super) fn sign(outcome: &RunOutcome) -> ProbeResult {
    match outcome {
        RunOutcome::Success(_) => ProbeResult::Well,
        RunOutcome::TimedOut(_) => ProbeResult::Ill,
        RunOutcome::Failure(failure) => match failure.verdict() {
            Verdict::Retry | Verdict::RetryAfter(_) | Verdict::RateLimited(_) => ProbeResult::Ill,
            Verdict::Classified { class, .. } => match class {
                ErrorClass::Transient | ErrorClass::Server | ErrorClass::RateLimited => {
                    ProbeResult::Ill
                }
                ErrorClass::Validation | ErrorClass::Auth => ProbeResult::Well,
            },
            Verdict::Permanent => ProbeResult::Well,
            Verdict::Snooze(_) => ProbeResult::None,
        },
        _ => ProbeResult::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::job::Failure;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(circuit: Circuit) -> Arc<HandlerBreaker> {
        let breaker = Breaker::after(2).pause(HOUR);
        Arc::new(HandlerBreaker { breaker, circuit: Mutex::new(circuit) })
    }

    /// One that is about to probe.
    fn due() -> Arc<HandlerBreaker> {
        at(Circuit::Open { until: Instant::now(), probes: 0 })
    }

    fn failed(verdict: impl Into<Verdict>) -> RunOutcome {
        RunOutcome::Failure(Failure::retry("no").with(verdict))
    }

    fn started(breaker: &Arc<HandlerBreaker>) -> BreakerGuard {
        breaker.admit().expect("it lets the run start")
    }

    #[test]
    fn a_failed_run_says_that_the_other_side_is_ill_unless_it_answered() {
        for (outcome, expected) in [
            (RunOutcome::Success(Vec::new()), ProbeResult::Well),
            (RunOutcome::TimedOut(HOUR), ProbeResult::Ill),
            (failed(Verdict::Retry), ProbeResult::Ill),
            (failed(Verdict::RetryAfter(HOUR)), ProbeResult::Ill),
            (failed(Verdict::RateLimited(HOUR)), ProbeResult::Ill),
            (failed(ErrorClass::Transient), ProbeResult::Ill),
            (failed(ErrorClass::Server), ProbeResult::Ill),
            (failed(ErrorClass::RateLimited), ProbeResult::Ill),
            (failed(ErrorClass::Validation), ProbeResult::Well),
            (failed(ErrorClass::Auth), ProbeResult::Well),
            (failed(Verdict::Permanent), ProbeResult::Well),
            (failed(Verdict::Snooze(HOUR)), ProbeResult::None),
            (RunOutcome::Panicked("boom".into()), ProbeResult::None),
        ] {
            assert_eq!(sign(&outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn failures_in_a_row_open_it_and_then_no_run_starts() {
        let breaker = at(Circuit::NEW);
        assert_eq!(started(&breaker).end(&failed(Verdict::Retry)), None);
        assert_eq!(breaker.demand(), Demand::Any);
        let change = started(&breaker).end(&failed(Verdict::Retry));
        assert_eq!(change, Some(Change::Opened(HOUR)));
        assert!(breaker.admit().is_err_and(|delay| delay <= HOUR));
        assert!(matches!(breaker.demand(), Demand::NoneUntil(_)));
    }

    #[test]
    fn one_run_probes_and_the_others_wait_for_its_end() {
        let breaker = due();
        assert_eq!(breaker.demand(), Demand::One);
        let probe = started(&breaker);
        assert_eq!(breaker.demand(), Demand::None);
        assert!(breaker.admit().is_err());
        assert_eq!(probe.end(&RunOutcome::Success(Vec::new())), Some(Change::Closed));
        assert_eq!(breaker.demand(), Demand::Any);
    }

    #[test]
    fn a_probe_that_is_aborted_leaves_it_to_the_next_run() {
        let breaker = due();
        drop(started(&breaker));
        assert_eq!(breaker.demand(), Demand::One);
    }

    #[test]
    fn a_queue_wants_what_any_of_its_handlers_wants() {
        let (soon, late) = (Instant::now(), Instant::now() + HOUR);
        let (until_soon, until_late) = (Demand::NoneUntil(soon), Demand::NoneUntil(late));
        for (a, b, expected) in [
            (Demand::Any, Demand::None, Demand::Any),
            (Demand::Any, Demand::One, Demand::Any),
            (Demand::One, until_soon, Demand::One),
            (Demand::One, Demand::None, Demand::One),
            (until_soon, until_late, until_soon),
            (until_soon, Demand::None, Demand::None),
        ] {
            assert_eq!((a.or(b), b.or(a)), (expected, expected), "{a:?} {b:?}");
        }
    }
}

//! A handler's circuit breaker in this process, and the runs that tell it how the other side is.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::context::Context;
use crate::{
    policy::{Admission, Breaker, Change, Circuit, ErrorClass, ProbeResult, Verdict},
    settle::RunOutcome,
    worker::telemetry::WorkerEvent,
};

/// A breaker with its state, shared by the runs of a handler.
#[derive(Debug)]
pub(crate) struct HandlerBreaker {
    breaker: Breaker,
    circuit: Mutex<Circuit>,
}

/// A run that is under way, to be told apart from one that probes. What ends without a word says nothing.
pub(crate) struct BreakerGuard<'a> {
    breaker: &'a HandlerBreaker,
    probe: bool,
    told: bool,
}

impl HandlerBreaker {
    pub(crate) fn new(breaker: Breaker) -> Self {
        Self { breaker, circuit: Mutex::new(Circuit::NEW) }
    }

    /// Lets a run start, or says after how long it may try again.
    pub(crate) fn admit(&self) -> Result<BreakerGuard<'_>, Duration> {
        let admission = self.with(|circuit| circuit.admit(&self.breaker, Instant::now()));
        let trial = |probe| BreakerGuard { breaker: self, probe, told: false };
        match admission {
            Admission::Run => Ok(trial(false)),
            Admission::Probe => Ok(trial(true)),
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

impl BreakerGuard<'_> {
    /// The run has ended, and says how the other side is.
    pub(crate) fn end(mut self, ended: &RunOutcome, ctx: &Context) {
        self.told = true;
        let Some(change) = self.breaker.ended(self.probe, sign(ended)) else { return };
        let name = ctx.record().name.clone();
        match change {
            Change::Opened(pause) => {
                warn!(%name, ?pause, "the breaker has opened: its jobs are left alone");
            }
            Change::Closed => info!(%name, "the breaker has closed: its jobs run again"),
        }
        let Some(queue) = ctx.queue() else { return };
        ctx.announce(|| match change {
            Change::Opened(pause) => {
                WorkerEvent::BreakerOpened { queue: queue.clone(), name, pause }
            }
            Change::Closed => WorkerEvent::BreakerClosed { queue: queue.clone(), name },
        });
    }
}

impl Drop for BreakerGuard<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.breaker.ended(self.probe, ProbeResult::None);
        }
    }
}

/// What the end of a run says of the other side.
fn sign(ended: &RunOutcome) -> ProbeResult {
    match ended {
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

//! A circuit breaker: when a handler rests, and when it is tried again.

use std::time::Duration;

use tokio::time::Instant;

use super::duration::LONGEST_WAIT;
use crate::value_error::Invalid;

/// A circuit breaker for one handler. After a number of failed runs in a row it starts no jobs for
/// a while, and then one of them probes.
///
/// Errors that pass by themselves or are the other side's fault count as failed: transient, server
/// and rate-limit errors, unclassified ones, and timeouts. An error of validation or
/// authentication, or a permanent one, counts as an answer, as a success does. Panics and
/// interrupted runs don't count.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::{job, retry::Breaker, Failure};
///
/// # async fn pay(_order: u64) -> Result<(), Failure> { Ok(()) }
/// #[job(queue = "payments", breaker = after(5, pause = "30s", max = "10m"))]
/// async fn charge(order: u64) -> Result<(), Failure> {
///     pay(order).await
/// }
///
/// // The same, for a definition by hand.
/// let breaker = Breaker::after(5).pause(Duration::from_secs(30)).max(Duration::from_secs(600));
/// # let _ = breaker;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    after: u32,
    pause: Duration,
    max: Duration,
}

/// The most failures in a row.
const MOST: u32 = 1_000_000;

impl Breaker {
    /// Opens after `failures` in a row, 1 to 1,000,000, for 30 s at first and 10 min at most.
    #[must_use]
    pub const fn after(failures: u32) -> Self {
        Self { after: failures, pause: Duration::from_secs(30), max: Duration::from_secs(600) }
    }

    /// How long it stays open before a job probes, 1 ms or longer; twice as long after each probe
    /// that fails.
    #[must_use]
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The longest pause; a shorter one than the first counts as that.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// What would work, if this doesn't.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        if self.has_odd_count() {
            return Some("a breaker opens after 1 to 1,000,000 failures");
        }
        if self.pause.as_millis() == 0 {
            return Some("the pause of a breaker is 1 ms or longer");
        }
        None
    }

    const fn has_odd_count(&self) -> bool {
        self.after == 0 || self.after > MOST
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        match self.problem() {
            None => Ok(()),
            Some(_) if self.has_odd_count() => {
                Err(Invalid::new("breaker failures", self.after, "use 1 to 1,000,000"))
            }
            Some(_) => Err(Invalid::new("breaker pause", self.pause, "use 1 ms or more")),
        }
    }

    /// The pause after this number of failed probes.
    fn pause_after(&self, probes: u32) -> Duration {
        let longer = self.pause.saturating_mul(1_u32 << probes.min(31));
        longer.min(self.max.max(self.pause)).min(LONGEST_WAIT)
    }
}

/// What a run shows about the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeResult {
    /// It answers.
    Well,
    /// It fails.
    Ill,
    /// Nothing.
    None,
}

/// Whether a run may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Run,
    /// As the probe that finds out whether the other side answers again.
    Probe,
    /// Not now: again after this long.
    Back(Duration),
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Opened(Duration),
    Closed,
}

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circuit {
    /// Runs start. The number that failed in a row.
    Closed { failures: u32 },
    /// No run starts before then. The number of failed probes.
    Open { until: Instant, probes: u32 },
    /// One run probes, and the others wait for its end.
    Probing { probes: u32 },
}

impl Circuit {
    pub(crate) const NEW: Self = Self::Closed { failures: 0 };

    /// Whether a run may start now. A probe has to report [its end](Self::ended).
    pub(crate) fn admit(&mut self, breaker: &Breaker, now: Instant) -> Admission {
        match *self {
            Self::Closed { .. } => Admission::Run,
            Self::Open { until, .. } if now < until => Admission::Back(until - now),
            Self::Open { probes, .. } => {
                *self = Self::Probing { probes };
                Admission::Probe
            }
            Self::Probing { .. } => Admission::Back(breaker.pause),
        }
    }

    /// A run has ended. Runs that started before the breaker opened no longer count.
    pub(crate) fn ended(
        &mut self,
        breaker: &Breaker,
        probe: bool,
        sign: ProbeResult,
        now: Instant,
    ) -> Option<Change> {
        match (*self, sign) {
            (Self::Closed { .. }, ProbeResult::Well) => *self = Self::NEW,
            (Self::Closed { failures }, ProbeResult::Ill) if failures + 1 >= breaker.after => {
                return Some(self.open(breaker, 0, now));
            }
            (Self::Closed { failures }, ProbeResult::Ill) => {
                *self = Self::Closed { failures: failures + 1 };
            }
            (Self::Probing { .. }, ProbeResult::Well) if probe => {
                *self = Self::NEW;
                return Some(Change::Closed);
            }
            (Self::Probing { probes }, ProbeResult::Ill) if probe => {
                return Some(self.open(breaker, probes.saturating_add(1), now));
            }
            // The next one finds out.
            (Self::Probing { probes }, ProbeResult::None) if probe => {
                *self = Self::Open { until: now, probes };
            }
            _ => {}
        }
        None
    }

    fn open(&mut self, breaker: &Breaker, probes: u32, now: Instant) -> Change {
        let pause = breaker.pause_after(probes);
        *self = Self::Open { until: now + pause, probes };
        Change::Opened(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const BREAKER: Breaker = Breaker::after(3).pause(SECOND).max(Duration::from_secs(3));

    /// One that is open, and until when.
    fn opened() -> (Circuit, Instant) {
        let (mut circuit, now) = (Circuit::NEW, Instant::now());
        for _ in 0..2 {
            assert_eq!(circuit.ended(&BREAKER, false, ProbeResult::Ill, now), None);
        }
        let change = circuit.ended(&BREAKER, false, ProbeResult::Ill, now);
        assert_eq!(change, Some(Change::Opened(SECOND)));
        (circuit, now + SECOND)
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let (mut circuit, now) = (Circuit::NEW, Instant::now());
        for sign in [
            ProbeResult::Ill,
            ProbeResult::Ill,
            ProbeResult::Well,
            ProbeResult::Ill,
            ProbeResult::None,
            ProbeResult::Ill,
        ] {
            assert_eq!(circuit.ended(&BREAKER, false, sign, now), None);
            assert_eq!(circuit.admit(&BREAKER, now), Admission::Run);
        }
        assert!(circuit.ended(&BREAKER, false, ProbeResult::Ill, now).is_some());
    }

    #[test]
    fn one_probes_when_the_pause_is_over() {
        let (mut circuit, until) = opened();
        assert_eq!(circuit.admit(&BREAKER, until - SECOND / 2), Admission::Back(SECOND / 2));
        assert_eq!(circuit.admit(&BREAKER, until), Admission::Probe);
        assert_eq!(circuit.admit(&BREAKER, until), Admission::Back(SECOND));
        // What began earlier has no say.
        for sign in [ProbeResult::Well, ProbeResult::Ill, ProbeResult::None] {
            assert_eq!(circuit.ended(&BREAKER, false, sign, until), None);
        }
        assert_eq!(circuit.ended(&BREAKER, true, ProbeResult::Well, until), Some(Change::Closed));
        assert_eq!(circuit, Circuit::NEW);
    }

    #[test]
    fn each_probe_that_fails_makes_the_pause_longer_up_to_a_limit() {
        let (mut circuit, mut now) = opened();
        for pause in [2, 3, 3].map(Duration::from_secs) {
            assert_eq!(circuit.admit(&BREAKER, now), Admission::Probe);
            let change = circuit.ended(&BREAKER, true, ProbeResult::Ill, now);
            assert_eq!(change, Some(Change::Opened(pause)));
            now += pause;
        }
        assert_eq!(
            Breaker::after(1).max(Duration::MAX).pause_after(u32::MAX).as_secs(),
            31_536_000
        );
    }

    #[test]
    fn a_probe_that_says_nothing_leaves_it_to_the_next() {
        let (mut circuit, now) = opened();
        assert_eq!(circuit.admit(&BREAKER, now), Admission::Probe);
        assert_eq!(circuit.ended(&BREAKER, true, ProbeResult::None, now), None);
        assert_eq!(circuit.admit(&BREAKER, now), Admission::Probe);
    }
}

//! How a worker is, for probes: whether it makes steps, and whether it takes jobs.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use serde::Serialize;

use super::{
    pump::lease::{Lease, Pulse},
    signals::Phase,
};
use crate::job::QueueName;

/// How a worker is at a moment: [`WorkerHandle::health`](crate::WorkerHandle::health).
///
/// Serialized: `{"phase": "working", "queues": [{"queue": "mails", "joined": true, "active": 3,
/// "step_ms": 12.0, "answer_ms": 3.5, "lease_ms": 10000.0}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WorkerHealth {
    /// What it is about to do.
    pub phase: WorkerPhase,
    /// Its queues, by name.
    pub queues: Vec<QueueHealth>,
}

/// What a worker is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WorkerPhase {
    /// It doesn't run yet.
    Starting,
    /// It fetches jobs and runs them.
    Working,
    /// Its handle [paused](crate::WorkerHandle::pause) it: it fetches no jobs.
    Paused,
    /// It stops: it fetches no jobs, and lets runs end.
    Draining,
    /// It runs no more.
    Ended,
}

/// How a worker's work on a queue goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueHealth {
    /// The queue.
    pub queue: QueueName,
    /// Whether it is known there, with a lease.
    pub joined: bool,
    /// How many jobs it holds.
    pub active: usize,
    /// How long ago it made a step. An idle worker makes one every few seconds.
    #[serde(rename = "step_ms", serialize_with = "crate::json::millis")]
    pub step: Duration,
    /// How long ago Redis moved its lease, which it is asked to do at least twice in each.
    #[serde(rename = "answer_ms", serialize_with = "crate::json::millis")]
    pub answer: Duration,
    /// How long its lease lasts.
    #[serde(rename = "lease_ms", serialize_with = "crate::json::millis")]
    pub lease: Duration,
}

/// Why a worker isn't live, or isn't ready.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HealthProblem {
    /// It doesn't run yet.
    Starting,
    /// It stops.
    Draining,
    /// It runs no more.
    Ended,
    /// It isn't known at a queue yet, or no more.
    NotJoined {
        /// The queue.
        queue: QueueName,
    },
    /// Redis hasn't answered for a whole lease.
    Unanswered {
        /// The queue.
        queue: QueueName,
        /// For how long.
        since: Duration,
    },
    /// It has made no step for half a minute: a handler blocks the threads of the runtime.
    Stuck {
        /// The queue.
        queue: QueueName,
        /// For how long.
        since: Duration,
    },
}

impl WorkerHealth {
    /// Whether the process is to go on: it isn't if [`problems`](Self::problems) has one that only a
    /// restart ends. That Redis can't be reached is no such problem.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.problems().iter().any(HealthProblem::is_fatal)
    }

    /// Whether it takes jobs of all its queues, or would if it weren't paused.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.problems().is_empty()
    }

    /// What is wrong: nothing of one that is ready.
    #[must_use]
    pub fn problems(&self) -> Vec<HealthProblem> {
        let phase = match self.phase {
            WorkerPhase::Starting => Some(HealthProblem::Starting),
            WorkerPhase::Draining => Some(HealthProblem::Draining),
            WorkerPhase::Ended => Some(HealthProblem::Ended),
            WorkerPhase::Working | WorkerPhase::Paused => None,
        };
        phase.into_iter().chain(self.queues.iter().filter_map(QueueHealth::problem)).collect()
    }
}

impl From<Pulse<'_>> for QueueHealth {
    fn from(pulse: Pulse<'_>) -> Self {
        let Pulse { queue, joined, held, step, answer, length } = pulse;
        Self { queue: queue.clone(), joined, active: held, step, answer, lease: length }
    }
}

impl QueueHealth {
    fn problem(&self) -> Option<HealthProblem> {
        let queue = || self.queue.clone();
        if self.step > Lease::STUCK {
            Some(HealthProblem::Stuck { queue: queue(), since: self.step })
        } else if !self.joined {
            Some(HealthProblem::NotJoined { queue: queue() })
        } else if self.answer > self.lease {
            Some(HealthProblem::Unanswered { queue: queue(), since: self.answer })
        } else {
            None
        }
    }
}

impl HealthProblem {
    /// Whether only a restart of the process ends it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Ended | Self::Stuck { .. })
    }
}

impl fmt::Display for HealthProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("the worker doesn't run yet"),
            Self::Draining => f.write_str("the worker stops, and takes no more jobs"),
            Self::Ended => f.write_str("the worker has ended"),
            Self::NotJoined { queue } => write!(f, "queue {queue} doesn't know the worker yet"),
            Self::Unanswered { queue, since } => {
                write!(f, "redis hasn't answered for {since:.1?} (queue {queue})")
            }
            Self::Stuck { queue, since } => write!(
                f,
                "no step for {since:.1?} (queue {queue}): a handler blocks the runtime; use \
                 `blocking`, or more threads"
            ),
        }
    }
}

/// What a worker's handle can look at. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Vitals(Arc<Mutex<Option<Alive>>>);

/// A worker that has started.
#[derive(Debug)]
struct Alive {
    /// Gone with the future that runs it.
    runs: Weak<()>,
    leases: Vec<Weak<Lease>>,
}

impl Vitals {
    /// The worker has started. It runs for as long as the answer is kept.
    pub(super) fn begin(&self, leases: &[Arc<Lease>]) -> Arc<()> {
        let runs = Arc::new(());
        let leases = leases.iter().map(Arc::downgrade).collect();
        let alive = Alive { runs: Arc::downgrade(&runs), leases };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(alive);
        runs
    }

    pub(super) fn health(&self, phase: Phase) -> WorkerHealth {
        let alive = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let phase = match (&*alive, phase) {
            (Some(alive), _) if alive.runs.strong_count() == 0 => WorkerPhase::Ended,
            (_, Phase::Draining(_)) => WorkerPhase::Draining,
            (None, _) => WorkerPhase::Starting,
            (Some(_), Phase::Paused) => WorkerPhase::Paused,
            (Some(_), Phase::Working) => WorkerPhase::Working,
        };
        let leases = alive.iter().flat_map(|alive| &alive.leases);
        let queues = leases.filter_map(|lease| Some(lease.upgrade()?.pulse().into())).collect();
        WorkerHealth { phase, queues }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> QueueHealth {
        let (step, answer, lease) = (Duration::ZERO, Duration::ZERO, Duration::from_secs(10));
        let queue = "mails".parse::<QueueName>().expect("a name");
        QueueHealth { queue, joined: true, active: 0, step, answer, lease }
    }

    fn with(queue: QueueHealth) -> WorkerHealth {
        WorkerHealth { phase: WorkerPhase::Working, queues: vec![queue] }
    }

    #[test]
    fn only_what_a_restart_ends_makes_a_worker_not_live() {
        let ready = with(queue());
        assert_eq!((ready.is_live(), ready.is_ready()), (true, true));
        let since = Duration::from_secs(31);
        let unanswered = with(QueueHealth { answer: since, ..queue() });
        assert_eq!((unanswered.is_live(), unanswered.is_ready()), (true, false));
        let strange = with(QueueHealth { joined: false, ..queue() });
        assert_eq!((strange.is_live(), strange.is_ready()), (true, false));
        let stuck = with(QueueHealth { step: since, answer: since, ..queue() });
        assert_eq!((stuck.is_live(), stuck.is_ready()), (false, false));
        assert_eq!(stuck.problems(), [HealthProblem::Stuck { queue: queue().queue, since }]);
    }
}

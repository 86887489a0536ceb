//! A queue at one moment.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    histogram::Histogram,
    limits::QueueLimits,
    rates::{Rates, per_second},
};
use crate::job::{QueueCounts, QueueName};

/// What there is to know of a queue at one moment, from one atomic script. All ages are by Redis's clock.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueueStats {
    /// The queue.
    pub queue: QueueName,
    /// When this was, by Redis's clock.
    pub at: DateTime<Utc>,
    /// How many jobs are in each state, whether the queue is paused, and the totals since it exists.
    pub counts: QueueCounts,
    /// Attempts that failed and were to be tried again, since the queue exists, as far as workers have told.
    /// With [`total_failed`](QueueCounts::total_failed) these are the failed attempts.
    pub total_retried: u64,
    /// For how long the oldest waiting job is ready: since it was added, due, or tried last. Nothing if none
    /// waits.
    ///
    /// It is the oldest of the 64 most urgent priorities in use. With [aging](QueueLimits::aging) it is the
    /// oldest of the 100 jobs that go next: others may be older, by one step for each step of priority.
    pub oldest_waiting: Option<Duration>,
    /// When the next delayed job is due. Nothing if none is delayed.
    pub next_due: Option<DateTime<Utc>>,
    /// For how long from now the queue is held by a handler that was told "too many requests".
    pub held_for: Option<Duration>,
    /// The workers, the one whose lease ends first at the beginning.
    pub workers: Vec<WorkerStats>,
    /// For how long the oldest effect on another queue, such as a dead letter, is on its way. How many there
    /// are is in [`effects`](QueueCounts::effects). Nothing if all have arrived.
    pub oldest_effect: Option<Duration>,
    /// What the queue allows.
    pub limits: QueueLimits,
    /// How long first attempts waited: from when their job was added, or due if it was delayed, by its producer's
    /// clock, to the start, by Redis's clock. Below zero counts as zero. A job that was sent back with its
    /// attempts anew waits from when it was first added. Told by workers, as [`run`](Self::run).
    pub wait: Histogram,
    /// How long runs took, whatever came of them. Workers tell every five seconds, and when they end.
    pub run: Histogram,
}

/// A worker of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// The name that it goes by now.
    pub id: String,
    /// How long its lease holds; zero if it has run out, and its jobs will go to others.
    pub lease: Duration,
    /// How many jobs it holds.
    pub active: u64,
}

impl QueueStats {
    /// How long it is until the next delayed job is due; zero if it is, nothing if there is none.
    #[must_use]
    pub fn due_in(&self) -> Option<Duration> {
        self.next_due.map(|due| (due - self.at).to_std().unwrap_or_default())
    }

    /// For how long the next delayed job has been due without a worker that took note. Zero if all is well;
    /// more than a few seconds mean that no worker is there.
    #[must_use]
    pub fn overdue(&self) -> Duration {
        self.next_due.and_then(|due| (self.at - due).to_std().ok()).unwrap_or_default()
    }

    /// How many workers hold a lease that has not run out.
    #[must_use]
    pub fn workers_alive(&self) -> u64 {
        self.workers.iter().filter(|worker| !worker.lease.is_zero()).count() as u64
    }

    /// How far behind the workers are: how long ago the job that should run now became ready. The larger of
    /// [`oldest_waiting`](Self::oldest_waiting) and [`overdue`](Self::overdue); zero if nothing waits.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.oldest_waiting.unwrap_or_default().max(self.overdue())
    }

    /// How fast the queue moved between an earlier snapshot and this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Rates {
        let over = (self.at - earlier.at).to_std().unwrap_or_default();
        let (before, now) = (&earlier.counts, &self.counts);
        Rates {
            over,
            added: per_second(before.total_added, now.total_added, over),
            completed: per_second(before.total_completed, now.total_completed, over),
            failed: per_second(before.total_failed, now.total_failed, over),
            retried: per_second(earlier.total_retried, self.total_retried, over),
        }
    }
}

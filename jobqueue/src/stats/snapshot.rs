//! A queue at one moment.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    histogram::Histogram,
    limits::QueueLimits,
    rates::{Rates, per_second},
};
use crate::job::{QueueCounts, QueueName, WorkerId};

/// The state of a queue at one moment, from one atomic script. All ages are by Redis's clock.
///
/// Serialized, its fields keep their names, with `_ms` where they are durations:
///
/// ```json
/// {
///   "queue": "orders", "at": "2026-01-02T03:04:05Z",
///   "counts": {"waiting": 3, "delayed": 0, "active": 1, "paused": false, "total_added": 12, …},
///   "total_retried": 2, "oldest_waiting_ms": 1500, "next_due": null, "throttled_for_ms": null,
///   "workers": [{"id": "01J…", "lease_ms": 9800, "active": 1}],
///   "oldest_effect_ms": null,
///   "limits": {"rate": {"max": 100, "per_ms": 1000, "burst": 10}, "max_active": null, …},
///   "wait": {"count": 12, "sum_ms": 4.5, "buckets": [{"up_to_ms": 0.1, "count": 3}, …]},
///   "run": {…}
/// }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct QueueStats {
    /// The queue.
    pub queue: QueueName,
    /// When this was, by Redis's clock.
    pub at: DateTime<Utc>,
    /// How many jobs are in each state, whether the queue is paused, and the totals since it
    /// exists.
    pub counts: QueueCounts,
    /// Failed attempts of jobs that ran again, since the queue exists, as far as workers have
    /// reported. With [`total_failed`](QueueCounts::total_failed) these are the failed attempts.
    pub total_retried: u64,
    /// How long the oldest waiting job has been ready: since it was added or due, or since its last
    /// attempt. `None` if no job waits.
    ///
    /// It is the oldest of the 64 most urgent priorities in use. With [aging](QueueLimits::aging)
    /// it is the oldest of the 100 jobs that go next: others may be older, by one step for each
    /// step of priority.
    #[serde(rename = "oldest_waiting_ms", serialize_with = "crate::json::maybe_millis")]
    pub oldest_waiting: Option<Duration>,
    /// When the next delayed job is due. `None` if no job is delayed.
    pub next_due: Option<DateTime<Utc>>,
    /// How long the queue is throttled from now on, after a handler answered "too many requests".
    #[serde(rename = "throttled_for_ms", serialize_with = "crate::json::maybe_millis")]
    pub throttled_for: Option<Duration>,
    /// The workers, ordered by the end of their leases, among them receives that wait. All jobs
    /// that are out by hand are those of one, `by-hand`; its lease is the first of their times.
    pub workers: Vec<WorkerStats>,
    /// How long the oldest effect on another queue, such as a dead letter, has been on its way;
    /// their number is [`effects`](QueueCounts::effects). `None` if all have arrived.
    #[serde(rename = "oldest_effect_ms", serialize_with = "crate::json::maybe_millis")]
    pub oldest_effect: Option<Duration>,
    /// The limits of the queue.
    pub limits: QueueLimits,
    /// How long first attempts waited: from when their job was added, or due if it was delayed, by
    /// its producer's clock, to the start, by Redis's clock. Below zero counts as zero. A job that
    /// was sent back waits from when it was first added. Workers report it, as [`run`](Self::run).
    pub wait: Histogram,
    /// How long runs took, whether they succeeded or failed. Workers report it every five seconds,
    /// and when they end.
    pub run: Histogram,
}

/// A worker of a queue.
///
/// Serialized: `{"id": "01J…", "lease_ms": 9800, "active": 1}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WorkerStats {
    /// The id of its present incarnation.
    pub id: WorkerId,
    /// How long its lease holds; zero if it has run out: then its jobs go to other workers.
    #[serde(rename = "lease_ms", serialize_with = "crate::json::millis")]
    pub lease: Duration,
    /// How many jobs it holds.
    pub active: u64,
}

impl QueueStats {
    /// The time until the next delayed job is due; zero if it is due, `None` if no job is delayed.
    #[must_use]
    pub fn due_in(&self) -> Option<Duration> {
        self.next_due.map(|due| (due - self.at).to_std().unwrap_or_default())
    }

    /// How long the next delayed job has been due without becoming ready. More than a few seconds
    /// mean that no worker serves the queue; zero if all is well.
    #[must_use]
    pub fn overdue(&self) -> Duration {
        self.next_due.and_then(|due| (self.at - due).to_std().ok()).unwrap_or_default()
    }

    /// How many workers hold a lease that has not run out.
    #[must_use]
    pub fn workers_alive(&self) -> u64 {
        self.workers.iter().filter(|worker| !worker.lease.is_zero()).count() as u64
    }

    /// How far behind the workers are: the larger of [`oldest_waiting`](Self::oldest_waiting) and
    /// [`overdue`](Self::overdue); zero if no job waits. In a dead-letter queue, whose jobs wait
    /// for a person and not for a worker, it is the age of the oldest letter and grows for ever.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Rate;

    #[test]
    fn the_shape_of_json() {
        let queue: QueueName = "orders".parse().expect("a good name");
        let at = DateTime::from_timestamp(1_767_323_045, 0).expect("a time");
        let stats = QueueStats {
            queue,
            at,
            counts: QueueCounts::default(),
            total_retried: 2,
            oldest_waiting: Some(Duration::from_micros(1_500_250)),
            next_due: Some(at),
            throttled_for: None,
            workers: vec![WorkerStats {
                id: "worker-1".parse().expect("a good id"),
                lease: Duration::from_secs(9),
                active: 1,
            }],
            oldest_effect: None,
            limits: QueueLimits {
                rate: Some(Rate::new(100, Duration::from_secs(1))),
                aging: Some(Duration::from_secs(60)),
                ..QueueLimits::default()
            },
            wait: Histogram::default(),
            run: Histogram::default(),
        };
        let expected = json!({
            "queue": "orders",
            "at": "2026-01-02T03:04:05Z",
            "counts": QueueCounts::default(),
            "total_retried": 2,
            "oldest_waiting_ms": 1_500.25,
            "next_due": "2026-01-02T03:04:05Z",
            "throttled_for_ms": null,
            "workers": [{"id": "worker-1", "lease_ms": 9_000, "active": 1}],
            "oldest_effect_ms": null,
            "limits": {
                "rate": {"max": 100, "per_ms": 1_000, "burst": 1},
                "max_active": null, "max_length": null, "aging_ms": 60_000, "events": null,
                "ttl_ms": null, "dead_letter": null, "overflow": "refuse"
            },
            "wait": Histogram::default(),
            "run": Histogram::default()
        });
        assert_eq!(serde_json::to_value(&stats).expect("json"), expected);
        let rates = json!({
            "over_ms": 0, "added": 0.0, "completed": 0.0, "failed": 0.0, "retried": 0.0
        });
        assert_eq!(serde_json::to_value(stats.since(&stats)).expect("json"), rates);
    }
}

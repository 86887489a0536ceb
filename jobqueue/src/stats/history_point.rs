//! One point of a queue's history.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{histogram::Histogram, point_counts::PointCounts};

/// What has happened in a queue, or to its jobs of one name, in a minute, ten minutes or an hour; or
/// in a longer time, of [`History::total`](super::History::total).
///
/// Serialized, its fields keep their names, with `_ms` where they are durations:
///
/// ```json
/// {
///   "at": "2026-01-02T03:04:00Z", "over_ms": 60000, "added": 12, "completed": 11, "failed": 1,
///   "cancelled": 0, "retried": 2, "wait": {"count": 12, "sum_ms": 4.5, "buckets": […]},
///   "run": {…}, "depth": 3, "lag_ms": 1500
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryPoint {
    /// When it begins, by the server's clock.
    pub at: DateTime<Utc>,
    /// How much time it covers: less than its resolution if it is the newest, which isn't over.
    #[serde(rename = "over_ms", serialize_with = "crate::json::millis")]
    pub over: Duration,
    /// Jobs added. `None` of one name: it would cost each add something to know.
    /// [`wait`](Self::wait) counts how many of them have begun.
    pub added: Option<u64>,
    /// Jobs completed.
    pub completed: u64,
    /// Jobs failed for good.
    pub failed: u64,
    /// Jobs cancelled; of one name, only those whose run was told, and ended by itself.
    pub cancelled: u64,
    /// Failed attempts of jobs that ran again.
    pub retried: u64,
    /// How long first attempts had waited.
    pub wait: Histogram,
    /// How long runs took.
    pub run: Histogram,
    /// The most jobs that waited, of one look a minute; `None` of one name, and if no worker looked.
    pub depth: Option<u64>,
    /// The longest [lag](super::QueueStats::lag), of the same looks.
    #[serde(rename = "lag_ms", serialize_with = "crate::json::maybe_millis")]
    pub lag: Option<Duration>,
}

impl HistoryPoint {
    pub(crate) fn new(
        at: DateTime<Utc>,
        over: Duration,
        of_queue: bool,
        counts: PointCounts,
    ) -> Self {
        let PointCounts { completed, failed, cancelled, retried, wait, run, .. } = counts;
        Self {
            at,
            over,
            added: of_queue.then_some(counts.added),
            completed,
            failed,
            cancelled,
            retried,
            wait,
            run,
            depth: counts.depth,
            lag: counts.lag,
        }
    }

    /// How many that is a second, over the time of this point: `point.per_second(point.completed)`.
    /// 0 if it covers none.
    #[must_use]
    pub fn per_second(&self, count: u64) -> f64 {
        let seconds = self.over.as_secs_f64();
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }

    /// The share of the jobs that ended here which failed, from 0 to 1; `None` if none ended.
    #[must_use]
    pub fn failed_share(&self) -> Option<f64> {
        let ended = self.completed.saturating_add(self.failed);
        (ended > 0).then(|| self.failed as f64 / ended as f64)
    }

    /// Takes another point along; the time is that of the caller.
    pub(super) fn add(&mut self, other: &Self) {
        for (count, more) in [
            (&mut self.completed, other.completed),
            (&mut self.failed, other.failed),
            (&mut self.cancelled, other.cancelled),
            (&mut self.retried, other.retried),
        ] {
            *count = count.saturating_add(more);
        }
        if let (Some(added), Some(more)) = (&mut self.added, other.added) {
            *added = added.saturating_add(more);
        }
        self.wait.add(&other.wait);
        self.run.add(&other.run);
        self.depth = self.depth.max(other.depth);
        self.lag = self.lag.max(other.lag);
    }
}

//! What a list of many queues shows of one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rates::{Rates, per_second};
use crate::job::QueueName;

/// A queue at one moment, as a list of many shows it: less than
/// [`QueueStats`](super::QueueStats), and cheaper. All ages are by Redis's clock.
///
/// Serialized, its fields keep their names, with `_ms` where they are durations:
///
/// ```json
/// {
///   "queue": "orders", "at": "2026-01-02T03:04:05Z", "paused": false,
///   "waiting": 3, "delayed": 0, "active": 1, "failed": 2, "workers": 2, "workers_alive": 1,
///   "total_added": 12, "total_completed": 6, "total_failed": 2, "total_cancelled": 0,
///   "oldest_waiting_ms": 1500, "next_due": null, "throttled_for_ms": null
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueGlance {
    /// The queue.
    pub queue: QueueName,
    /// When this was, by Redis's clock.
    pub at: DateTime<Utc>,
    /// Whether fetching is paused.
    pub paused: bool,
    /// Jobs that are ready to run.
    pub waiting: u64,
    /// Jobs that are not due yet, or that wait for their children.
    pub delayed: u64,
    /// Jobs that workers hold, or that are out by hand.
    pub active: u64,
    /// Jobs that failed and are kept.
    pub failed: u64,
    /// Workers, and receives that wait; all jobs that are out by hand count as those of one more.
    pub workers: u64,
    /// How many of them hold a lease that has not run out.
    pub workers_alive: u64,
    /// Jobs added since the queue exists.
    pub total_added: u64,
    /// Jobs completed since the queue exists.
    pub total_completed: u64,
    /// Jobs failed for good since the queue exists.
    pub total_failed: u64,
    /// Jobs cancelled since the queue exists.
    pub total_cancelled: u64,
    /// How long the oldest waiting job has been ready; see
    /// [`QueueStats::oldest_waiting`](super::QueueStats::oldest_waiting).
    #[serde(rename = "oldest_waiting_ms", serialize_with = "crate::json::maybe_millis")]
    pub oldest_waiting: Option<Duration>,
    /// When the next delayed job is due. `None` if no job is delayed.
    pub next_due: Option<DateTime<Utc>>,
    /// How long the queue is throttled from now on.
    #[serde(rename = "throttled_for_ms", serialize_with = "crate::json::maybe_millis")]
    pub throttled_for: Option<Duration>,
}

impl QueueGlance {
    /// How far behind the workers are; see [`QueueStats::lag`](super::QueueStats::lag).
    #[must_use]
    pub fn lag(&self) -> Duration {
        let overdue = self.next_due.and_then(|due| (self.at - due).to_std().ok());
        self.oldest_waiting.unwrap_or_default().max(overdue.unwrap_or_default())
    }

    /// How fast the queue moved between an earlier glance and this one. What was
    /// [retried](Rates::retried) is not told: it is 0.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Rates {
        let over = (self.at - earlier.at).to_std().unwrap_or_default();
        Rates {
            over,
            added: per_second(earlier.total_added, self.total_added, over),
            completed: per_second(earlier.total_completed, self.total_completed, over),
            failed: per_second(earlier.total_failed, self.total_failed, over),
            retried: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn glance(second: i64) -> QueueGlance {
        QueueGlance {
            queue: "orders".parse().expect("a good name"),
            at: DateTime::from_timestamp(1_767_323_045 + second, 0).expect("a time"),
            paused: false,
            waiting: 3,
            delayed: 0,
            active: 1,
            failed: 2,
            workers: 2,
            workers_alive: 1,
            total_added: 12,
            total_completed: 6,
            total_failed: 2,
            total_cancelled: 0,
            oldest_waiting: Some(Duration::from_millis(1_500)),
            next_due: None,
            throttled_for: None,
        }
    }

    #[test]
    fn the_shape_of_json() {
        let json = json!({
            "queue": "orders", "at": "2026-01-02T03:04:05Z", "paused": false,
            "waiting": 3, "delayed": 0, "active": 1, "failed": 2, "workers": 2, "workers_alive": 1,
            "total_added": 12, "total_completed": 6, "total_failed": 2, "total_cancelled": 0,
            "oldest_waiting_ms": 1500, "next_due": null, "throttled_for_ms": null
        });
        assert_eq!(serde_json::to_value(glance(0)).expect("json"), json);
    }

    #[test]
    fn the_lag_is_that_of_what_waits_or_is_overdue() {
        let mut glance = glance(0);
        assert_eq!(glance.lag(), Duration::from_millis(1_500));
        glance.next_due = Some(glance.at - Duration::from_secs(7));
        assert_eq!(glance.lag(), Duration::from_secs(7));
        glance.next_due = Some(glance.at + Duration::from_secs(7));
        assert_eq!(glance.lag(), Duration::from_millis(1_500));
    }

    #[test]
    fn rates_follow_from_two() {
        let later = QueueGlance { total_added: 22, total_failed: 0, ..glance(10) };
        let rates = later.since(&glance(0));
        assert_eq!(rates.over, Duration::from_secs(10));
        assert_eq!((rates.added, rates.completed, rates.failed), (1.0, 0.0, 0.0));
        assert_eq!(glance(0).since(&glance(0)).added, 0.0, "no time has passed");
    }
}

//! What has happened in a queue.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    deploy::Deploy, history_point::HistoryPoint, point_counts::PointCounts, resolution::Resolution,
};
use crate::job::{JobName, QueueName};

/// What a [`History`] is about.
///
/// Serialized: `"queue"`, `{"name": "send"}` or `"others"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HistoryOf {
    /// All jobs of the queue.
    Queue,
    /// Its jobs of one name.
    Name(JobName),
    /// Its jobs of all names beyond the 32 that have a history of their own.
    Others,
}

/// The names of jobs that have a history of their own.
///
/// Serialized: `{"names": ["send"], "others": false}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryNames {
    /// The names, in alphabetical order: 32 at most, those that came first.
    pub names: Vec<JobName>,
    /// Whether jobs of other names are counted together, as [`HistoryOf::Others`].
    pub others: bool,
}

/// What has happened in a queue, or to its jobs of one name, point by point: see
/// [`Queue::history`](crate::Queue::history).
///
/// Serialized: its fields, under their names.
///
/// ```json
/// {
///   "queue": "orders", "of": {"name": "send"}, "resolution": "minute",
///   "from": "2026-01-02T03:00:00Z", "to": "2026-01-02T04:00:00Z",
///   "points": [{"at": "2026-01-02T03:04:00Z", "over_ms": 60000, "added": null, "completed": 11, …}],
///   "deploys": [{"at": "2026-01-02T03:20:00Z", "program": "shop", "version": "1.4"}]
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct History {
    /// The queue.
    pub queue: QueueName,
    /// Which of its jobs.
    pub of: HistoryOf,
    /// How much time a point covers.
    pub resolution: Resolution,
    /// When the first point would begin: a whole minute, ten minutes or hour.
    pub from: DateTime<Utc>,
    /// When it ends: as asked for, or now by the server's clock.
    pub to: DateTime<Utc>,
    /// The points, the oldest first. Where nothing happened and no worker lived there is none:
    /// [`filled`](Self::filled) puts empty ones there.
    pub points: Vec<HistoryPoint>,
    /// The versions of programs that began to work on the queue in this time, the first one first:
    /// of the newest hundred.
    pub deploys: Vec<Deploy>,
}

impl History {
    /// All points together, as one that covers the whole time.
    #[must_use]
    pub fn total(&self) -> HistoryPoint {
        self.between(self.from, self.to)
    }

    /// The points that begin in this time together, as one that covers it, as far as it lies within
    /// [`from`](Self::from) and [`to`](Self::to).
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> HistoryPoint {
        let (from, to) = (from.max(self.from), to.min(self.to));
        let mut sum = self.empty(from, (to - from).to_std().unwrap_or_default());
        let within = self.points.iter().filter(|point| point.at >= from && point.at < to);
        within.for_each(|point| sum.add(point));
        sum
    }

    /// The points, with an empty one for each time that has none: for a chart.
    #[must_use]
    pub fn filled(&self) -> Vec<HistoryPoint> {
        let (step, mut at, mut all) = (self.resolution.over(), self.from, Vec::new());
        let mut points = self.points.iter().peekable();
        while at < self.to {
            let left = (self.to - at).to_std().unwrap_or_default();
            let point = points.next_if(|point| point.at == at).cloned();
            all.push(point.unwrap_or_else(|| self.empty(at, step.min(left))));
            at += step;
        }
        all
    }

    fn empty(&self, at: DateTime<Utc>, over: Duration) -> HistoryPoint {
        let of_queue = self.of == HistoryOf::Queue;
        HistoryPoint::new(at, over, of_queue, PointCounts::default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stats::Histogram;

    fn at(minute: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_322_800 + i64::from(minute) * 60, 0).expect("a time")
    }

    fn point(minute: u32, completed: u64, depth: Option<u64>) -> HistoryPoint {
        let mut run = Histogram::default();
        (0..completed).for_each(|_| run.observe(Duration::from_millis(3)));
        let counts = PointCounts { completed, added: 2, run, depth, ..PointCounts::default() };
        HistoryPoint::new(at(minute), Duration::from_secs(60), true, counts)
    }

    fn history() -> History {
        History {
            queue: "orders".parse().expect("a good name"),
            of: HistoryOf::Queue,
            resolution: Resolution::Minute,
            from: at(0),
            to: at(4) + Duration::from_secs(30),
            points: vec![point(1, 6, Some(9)), point(3, 12, Some(4))],
            deploys: Vec::new(),
        }
    }

    #[test]
    fn a_total_has_the_sums_the_largest_and_the_rates() {
        let total = history().total();
        assert_eq!((total.added, total.completed, total.depth), (Some(4), 18, Some(9)));
        assert_eq!((total.over, total.run.count()), (Duration::from_secs(270), 18));
        assert!((total.per_second(total.completed) - 18.0 / 270.0).abs() < 1e-9);
        assert_eq!(total.failed_share(), Some(0.0));
        let later = history().between(at(2), at(90));
        assert_eq!((later.completed, later.over), (12, Duration::from_secs(150)));
        let none = history().between(at(80), at(90));
        assert_eq!((none.completed, none.over, none.per_second(7)), (0, Duration::ZERO, 0.0));
        assert_eq!(none.failed_share(), None);
    }

    #[test]
    fn a_filled_one_has_no_gaps() {
        let filled = history().filled();
        let seen: Vec<_> = filled.iter().map(|point| (point.at, point.completed)).collect();
        assert_eq!(seen, [(at(0), 0), (at(1), 6), (at(2), 0), (at(3), 12), (at(4), 0)]);
        assert_eq!(filled[4].over, Duration::from_secs(30), "it isn't over");
        assert_eq!((filled[0].depth, filled[0].added), (None, Some(0)));
    }

    #[test]
    fn the_shape_of_json() {
        let mut history = history();
        history.of = HistoryOf::Name("send".parse().expect("a good name"));
        history.points.truncate(1);
        let (program, version) = ("shop".to_owned(), "1.4".to_owned());
        history.deploys.push(Deploy { at: at(2), program, version });
        history.points[0].added = None;
        history.points[0].lag = Some(Duration::from_micros(1_500_250));
        let run = history.points[0].run.clone();
        let expected = json!({
            "queue": "orders", "of": {"name": "send"}, "resolution": "minute",
            "from": "2026-01-02T03:00:00Z", "to": "2026-01-02T03:04:30Z",
            "points": [{
                "at": "2026-01-02T03:01:00Z", "over_ms": 60_000, "added": null, "completed": 6,
                "failed": 0, "cancelled": 0, "retried": 0, "wait": Histogram::default(),
                "run": run, "depth": 9, "lag_ms": 1_500.25
            }],
            "deploys": [{"at": "2026-01-02T03:02:00Z", "program": "shop", "version": "1.4"}]
        });
        assert_eq!(serde_json::to_value(&history).expect("json"), expected);
        let of = |of| serde_json::to_value(of).expect("json");
        assert_eq!(
            (of(HistoryOf::Queue), of(HistoryOf::Others)),
            ("queue".into(), "others".into())
        );
        let names = HistoryNames { names: vec!["a".parse().expect("a name")], others: true };
        assert_eq!(
            serde_json::to_value(names).expect("json"),
            json!({"names": ["a"], "others": true})
        );
    }
}

//! The text that Prometheus scrapes: its exposition format, version 0.0.4.

use std::{borrow::Cow, fmt::Write as _};

use super::{histogram::Histogram, snapshot::QueueStats};
use crate::job::JobState;

/// One family of samples: its name, type and help, and its samples of one queue.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: fn(&QueueStats, &mut Samples<'_>),
}

/// All families, in the order in which they are written.
const FAMILIES: [Family; 16] = [
    Family {
        name: "jobqueue_jobs",
        kind: "gauge",
        help: "Jobs in each state.",
        samples: |stats, to| {
            for state in JobState::ALL {
                to.labelled("state", state.as_str(), stats.counts.of(state) as f64);
            }
        },
    },
    Family {
        name: "jobqueue_lag_seconds",
        kind: "gauge",
        help: "How far behind the workers are.",
        samples: |stats, to| to.plain(stats.lag().as_secs_f64()),
    },
    Family {
        name: "jobqueue_oldest_waiting_seconds",
        kind: "gauge",
        help: "How long the oldest waiting job has been ready; 0 if none waits.",
        samples: |stats, to| to.plain(stats.oldest_waiting.unwrap_or_default().as_secs_f64()),
    },
    Family {
        name: "jobqueue_overdue_seconds",
        kind: "gauge",
        help: "How long the next delayed job has been due.",
        samples: |stats, to| to.plain(stats.overdue().as_secs_f64()),
    },
    Family {
        name: "jobqueue_workers",
        kind: "gauge",
        help: "Workers whose lease holds.",
        samples: |stats, to| to.plain(stats.workers_alive() as f64),
    },
    Family {
        name: "jobqueue_paused",
        kind: "gauge",
        help: "1 while the queue is paused, else 0.",
        samples: |stats, to| to.plain(f64::from(u8::from(stats.counts.paused))),
    },
    Family {
        name: "jobqueue_throttled_seconds",
        kind: "gauge",
        help: "How long the queue is throttled from now on.",
        samples: |stats, to| to.plain(stats.throttled_for.unwrap_or_default().as_secs_f64()),
    },
    Family {
        name: "jobqueue_effects",
        kind: "gauge",
        help: "Effects on other queues that are on their way, such as dead letters.",
        samples: |stats, to| to.plain(stats.counts.effects as f64),
    },
    Family {
        name: "jobqueue_oldest_effect_seconds",
        kind: "gauge",
        help: "How long the oldest effect on another queue has been on its way.",
        samples: |stats, to| to.plain(stats.oldest_effect.unwrap_or_default().as_secs_f64()),
    },
    Family {
        name: "jobqueue_added_total",
        kind: "counter",
        help: "Jobs added.",
        samples: |stats, to| to.plain(stats.counts.total_added as f64),
    },
    Family {
        name: "jobqueue_completed_total",
        kind: "counter",
        help: "Jobs completed.",
        samples: |stats, to| to.plain(stats.counts.total_completed as f64),
    },
    Family {
        name: "jobqueue_failed_total",
        kind: "counter",
        help: "Jobs failed for good.",
        samples: |stats, to| to.plain(stats.counts.total_failed as f64),
    },
    Family {
        name: "jobqueue_cancelled_total",
        kind: "counter",
        help: "Jobs cancelled.",
        samples: |stats, to| to.plain(stats.counts.total_cancelled as f64),
    },
    Family {
        name: "jobqueue_retried_total",
        kind: "counter",
        help: "Failed attempts of jobs that ran again.",
        samples: |stats, to| to.plain(stats.total_retried as f64),
    },
    Family {
        name: "jobqueue_wait_seconds",
        kind: "histogram",
        help: "How long first attempts waited until they started.",
        samples: |stats, to| to.histogram(&stats.wait),
    },
    Family {
        name: "jobqueue_run_seconds",
        kind: "histogram",
        help: "How long runs took.",
        samples: |stats, to| to.histogram(&stats.run),
    },
];

/// The snapshots of queues in Prometheus' exposition format, version 0.0.4: serve the text as
/// `text/plain; version=0.0.4`. Every sample has the label `queue`.
///
/// | name | type | value |
/// | --- | --- | --- |
/// | `jobqueue_jobs{state}` | gauge | jobs in each state; in a dead-letter queue, dead letters are `waiting` |
/// | `jobqueue_lag_seconds` | gauge | [`QueueStats::lag`] |
/// | `jobqueue_oldest_waiting_seconds` | gauge | [`QueueStats::oldest_waiting`] |
/// | `jobqueue_overdue_seconds` | gauge | [`QueueStats::overdue`] |
/// | `jobqueue_workers` | gauge | [`QueueStats::workers_alive`] |
/// | `jobqueue_paused` | gauge | 1 while the queue is paused |
/// | `jobqueue_throttled_seconds` | gauge | [`QueueStats::throttled_for`] |
/// | `jobqueue_effects` | gauge | effects on other queues that are on their way |
/// | `jobqueue_oldest_effect_seconds` | gauge | [`QueueStats::oldest_effect`] |
/// | `jobqueue_added_total`, `…_completed_total`, `…_failed_total`, `…_cancelled_total`, `…_retried_total` | counter | since the queue exists |
/// | `jobqueue_wait_seconds`, `jobqueue_run_seconds` | histogram | [`QueueStats::wait`], [`QueueStats::run`] |
///
/// ```no_run
/// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
/// let orders = client.queue("orders")?.stats().await?;
/// let dead = client.dead_letters("orders-dlq")?.stats().await?;
/// print!("{}", jobqueue::stats::prometheus_text([&orders, &dead]));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn prometheus_text<'a>(queues: impl IntoIterator<Item = &'a QueueStats>) -> String {
    let queues: Vec<&QueueStats> = queues.into_iter().collect();
    let mut text = String::new();
    for Family { name, kind, help, samples } in &FAMILIES {
        // Writing to memory can't fail, so its results are ignored.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for stats in &queues {
            let queue = escaped(stats.queue.as_str());
            samples(stats, &mut Samples { text: &mut text, name, queue: &queue });
        }
    }
    text
}

/// Writes the samples of one family and queue.
struct Samples<'a> {
    text: &'a mut String,
    name: &'static str,
    /// Escaped, as it is written between quotes.
    queue: &'a str,
}

impl Samples<'_> {
    fn plain(&mut self, value: f64) {
        let Self { text, name, queue } = self;
        let _ = writeln!(text, "{name}{{queue=\"{queue}\"}} {value}");
    }

    fn labelled(&mut self, label: &str, of: &str, value: f64) {
        let Self { text, name, queue } = self;
        let of = escaped(of);
        let _ = writeln!(text, "{name}{{queue=\"{queue}\",{label}=\"{of}\"}} {value}");
    }

    fn histogram(&mut self, histogram: &Histogram) {
        let Self { text, name, queue } = self;
        for (bound, count) in histogram.buckets() {
            let bound = bound.map_or("+Inf".into(), |bound| bound.as_secs_f64().to_string());
            let _ = writeln!(text, "{name}_bucket{{queue=\"{queue}\",le=\"{bound}\"}} {count}");
        }
        let (sum, count) = (histogram.sum().as_secs_f64(), histogram.count());
        let _ = writeln!(text, "{name}_sum{{queue=\"{queue}\"}} {sum}");
        let _ = writeln!(text, "{name}_count{{queue=\"{queue}\"}} {count}");
    }
}

/// A label's value, escaped as between quotes.
fn escaped(value: &str) -> Cow<'_, str> {
    if !value.contains(['\\', '"', '\n']) {
        return value.into();
    }
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("plain"), "plain");
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }

    #[test]
    fn each_family_is_written_once_even_for_no_queue() {
        let text = prometheus_text([]);
        assert_eq!(text.lines().count(), 2 * FAMILIES.len());
        for family in &FAMILIES {
            assert_eq!(text.matches(&format!("# TYPE {} ", family.name)).count(), 1);
        }
    }
}

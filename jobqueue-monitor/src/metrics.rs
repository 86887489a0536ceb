//! The text that Prometheus scrapes.

use std::{fmt::Write as _, time::Duration};

use jobqueue::{Queue, Result, stats::prometheus_text, telemetry::WorkerHealth};
use tokio::{sync::Mutex, time::Instant};

/// What was read last serves others this long: any number of scrapers cost Redis the same.
const FRESH: Duration = Duration::from_secs(1);

/// Reads statistics, for all who ask, and has the text of those that it read last.
#[derive(Debug, Default)]
pub(crate) struct Readings(Mutex<Option<(Instant, String)>>);

impl Readings {
    /// The statistics of the queues, at most a second old.
    pub(crate) async fn text(&self, queues: &[Queue]) -> Result<String> {
        let mut last = self.0.lock().await;
        if let Some((_, text)) = last.as_ref().filter(|(read, _)| read.elapsed() < FRESH) {
            return Ok(text.clone());
        }
        let mut stats = Vec::with_capacity(queues.len());
        for queue in queues {
            stats.push(queue.stats().await?);
        }
        let text = prometheus_text(&stats);
        *last = Some((Instant::now(), text.clone()));
        Ok(text)
    }
}

/// The worker's own health, in the same format.
pub(crate) fn health(health: &WorkerHealth) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: bool| {
        let value = u8::from(value);
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    };
    gauge("jobqueue_worker_live", "1 while this process is to go on, else 0.", health.is_live());
    gauge("jobqueue_worker_ready", "1 while this process takes jobs, else 0.", health.is_ready());
    text
}

//! The history of a queue whose jobs are received by hand: receives report its totals, its depth and
//! its lag, as workers do. A call a minute, of all receives of a process on a queue.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::debug;

use crate::{
    error_chain::chain,
    hashing::RandomState,
    job::QueueName,
    queue::Queue,
    store::worker::{Observe, Observed},
    task::boxed,
};

/// How often a process reports.
const EVERY: Duration = Duration::from_secs(60);

/// When the process has reported, by queue.
#[derive(Debug, Default)]
struct Reports(Mutex<HashMap<QueueName, Instant, RandomState>>);

impl Reports {
    /// Whether it is time again; the caller then reports.
    fn take_due(&self, queue: &QueueName) -> bool {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.get(queue).is_some_and(|at| at.elapsed() < EVERY) {
            return false;
        }
        reports.insert(queue.clone(), Instant::now());
        true
    }
}

/// Reports if it is time, while the receive goes on. A report that fails is lost: the next one has
/// its totals.
pub(super) fn report_aside(queue: &Queue) {
    if !queue.client().shared::<Reports>().take_due(queue.name()) {
        return;
    }
    let queue = queue.clone();
    tokio::spawn(boxed(async move {
        if let Err(error) = queue.store().call(&Observe { observed: &Observed::default() }).await {
            debug!(queue = %queue.name(), error = %chain(&error), "a queue's history lacks a look");
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_process_reports_once_a_minute_for_each_queue() {
        let reports = Reports::default();
        let [a, b] = ["a", "b"].map(|name| name.parse::<QueueName>().expect("a good name"));
        assert!(reports.take_due(&a) && !reports.take_due(&a) && reports.take_due(&b));
        tokio::time::advance(EVERY).await;
        assert!(reports.take_due(&a));
    }
}

//! Runs of cancelled jobs, which may end in their own way for a while.

use std::time::Duration;

use tokio::time::Instant;

use crate::job::{CancelReason, JobId};

/// A run that was told to stop, since its job is cancelled.
#[derive(Debug)]
pub(super) struct CancelledRun {
    pub(super) id: JobId,
    pub(super) run: u64,
    pub(super) reason: CancelReason,
    /// When it is aborted; none: never, for no clock goes so far.
    pub(super) until: Option<Instant>,
}

/// All of a pump that may still be alive.
#[derive(Debug, Default)]
pub(super) struct CancelledRuns(Vec<CancelledRun>);

impl CancelledRuns {
    pub(super) fn add(&mut self, id: JobId, run: u64, reason: CancelReason, grace: Duration) {
        let until = Instant::now().checked_add(grace);
        self.0.push(CancelledRun { id, run, reason, until });
    }

    /// When the time of the first is over.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().filter_map(|run| run.until).min()
    }

    /// Takes out those whose time is over.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<CancelledRun> {
        self.0.extract_if(.., |run| run.until.is_some_and(|until| until <= now)).collect()
    }

    /// Forgets those that have ended by themselves.
    pub(super) fn keep(&mut self, is_alive: impl Fn(&CancelledRun) -> bool) {
        self.0.retain(is_alive);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_overdue_once_at_its_time() {
        let (mut runs, second) = (CancelledRuns::default(), Duration::from_secs(1));
        for (run, grace) in [(1, 2 * second), (2, second), (3, Duration::MAX)] {
            runs.add(JobId::generate(), run, CancelReason::default(), grace);
        }
        let first = runs.next().expect("one has an end");
        let numbers =
            |runs: Vec<CancelledRun>| -> Vec<u64> { runs.iter().map(|run| run.run).collect() };
        assert_eq!(numbers(runs.overdue(first)), [2]);
        assert_eq!(numbers(runs.overdue(first + 2 * second)), [1]);
        assert!(runs.next().is_none() && !runs.is_empty());
        runs.keep(|run| run.run != 3);
        assert!(runs.is_empty());
    }
}

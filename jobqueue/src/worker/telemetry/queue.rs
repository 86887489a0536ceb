//! Telemetry of one pump: what happens to the jobs that it holds.

use std::time::Duration;

use tracing::{debug, error, warn};

use super::{
    Telemetry,
    histograms::PendingStats,
    metrics::{JobMetrics, QueueMetrics},
    times::Times,
};
use crate::{
    job::{FailureReason, JobId, JobName, QueueName, Record, Settlement, Transition},
    settle::Decision,
    store::QueueStore,
};

/// What a pump tells of its queue.
pub(crate) struct QueueTelemetry {
    worker: Telemetry,
    store: QueueStore,
    metrics: QueueMetrics,
    stats: PendingStats,
}

impl QueueTelemetry {
    pub(crate) fn new(worker: Telemetry, store: QueueStore, concurrency: usize) -> Self {
        let metrics = QueueMetrics::new(store.name(), concurrency);
        Self { worker, store, metrics, stats: PendingStats::new() }
    }

    fn queue(&self) -> &QueueName {
        self.store.name()
    }

    /// Once a turn: how many runs are alive, and what was counted of runs.
    pub(crate) fn turn(&mut self, alive: usize) {
        self.metrics.running(alive);
        self.stats.flush_if_due(&self.store);
    }

    /// Tells the rest, at the end.
    pub(crate) async fn flush(&mut self, limit: Duration) {
        self.stats.flush(&self.store, limit).await;
    }

    /// A run of a job of this name has been reported. Takes the failure out of its decision.
    pub(crate) fn concluded(
        &mut self,
        id: &JobId,
        name: Option<&JobName>,
        decision: &mut Decision,
        times: Option<Times>,
    ) {
        self.stats.ended(name, &decision.end, times);
        match (&decision.end, decision.failure.take()) {
            (Transition::Retried { delay, .. }, Some(failure)) => {
                self.worker.retrying(id, failure, *delay);
            }
            (Transition::Failed { .. }, Some(failure)) => {
                self.worker.failed(id, failure, decision.dead_letter.take());
            }
            _ => {}
        }
    }

    /// A run has been reported whose job was settled before it began.
    pub(crate) fn settled_run_ended(
        &mut self,
        id: &JobId,
        name: &JobName,
        decision: Decision,
        times: Option<Times>,
    ) {
        self.stats.ended(Some(name), &decision.end, times);
        if let Some(failure) = decision.failure {
            self.worker.failed(id, failure, None);
        }
    }

    /// A job fails without a run. `handler` has the name and the metrics of its handler, if it has one
    /// here.
    pub(crate) fn rejected(
        &mut self,
        id: &JobId,
        decision: &mut Decision,
        handler: Option<(&JobName, &JobMetrics)>,
    ) {
        let (name, metrics) = handler.unzip();
        metrics.unwrap_or(&self.metrics.unknown).settled(decision);
        self.stats.ended(name, &decision.end, None);
        let Some(failure) = decision.failure.take() else { return };
        if failure.reason == FailureReason::Corrupt {
            let problem = &failure.message;
            error!(queue = %self.queue(), %id, %problem, "a job can't be read");
        }
        self.worker.failed(id, failure, decision.dead_letter.take());
    }

    /// A job goes back, for a worker that knows its name and version.
    pub(crate) fn returned(&self, id: &JobId, record: &Record) {
        let (queue, name, version) = (self.queue(), &record.name, record.version());
        warn!(
            %queue,
            %id,
            %name,
            version,
            "no handler for this name and version here: the job goes back for a worker that has one"
        );
    }

    /// A call has settled these.
    pub(crate) fn settled(&self, settlements: &[Settlement]) {
        // A job that waits for a limit of its handler was never taken away from its queue.
        let released = |it: &&Settlement| {
            matches!(it.end, Transition::Released { .. } | Transition::Unstarted { lane: None })
        };
        let mut count = 0;
        for settlement in settlements.iter().filter(released) {
            self.worker.released(&settlement.id);
            count += 1;
        }
        self.metrics.released(count);
        for Settlement { id, end, .. } in settlements {
            match end {
                Transition::Cancelled { reason } => {
                    self.worker.cancelled(id, reason);
                    self.metrics.cancelled();
                }
                Transition::Suspended(_) => self.worker.suspended(id),
                _ => {}
            }
        }
    }

    /// A job is lost with the lease on it.
    pub(crate) fn lost(&self, id: &JobId) {
        let queue = self.queue();
        warn!(
            %queue,
            %id,
            "the lease on this job was lost: another worker runs it, and this run's outcome will be \
             refused"
        );
        self.metrics.lost();
        self.worker.lost(id);
    }

    /// A job that runs at most once is lost, or was settled by a call whose answer was lost.
    pub(crate) fn not_run(&self, id: &JobId) {
        let queue = self.queue();
        warn!(
            %queue,
            %id,
            "this job runs at most once, and may have been settled already: it is not run"
        );
        self.worker.lost(id);
    }

    pub(crate) fn joined(&self, held: usize) {
        self.worker.joined(self.queue(), held);
    }

    /// The time to drain is over, and runs are told to stop.
    pub(crate) fn told_to_stop(&self, runs: usize) {
        warn!(queue = %self.queue(), runs, "the drain timeout is over: runs are told to stop");
    }

    /// A run was aborted, and its job goes back.
    pub(crate) fn aborted(&self, id: &JobId) {
        debug!(queue = %self.queue(), %id, "the run was aborted, and its job is released");
    }

    /// A run of a cancelled job was aborted, since its time to end by itself is over.
    pub(crate) fn cancelled_run_aborted(&self, id: &JobId) {
        let queue = self.queue();
        warn!(%queue, %id, "the run of a cancelled job didn't end in time: it was aborted");
    }

    /// A run was aborted whose job was settled before it began.
    pub(crate) fn settled_run_aborted(&self, id: &JobId) {
        let queue = self.queue();
        warn!(
            %queue,
            %id,
            "this run was aborted, and its job runs at most once: it is not run again"
        );
    }
}

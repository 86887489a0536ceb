//! Telemetry of one run.

use std::time::Duration;

use tracing::{debug, warn};

use super::{Alert, Telemetry, metrics::JobMetrics, times::Times};
use crate::{
    job::{JobId, JobName, QueueName, Transition},
    policy::Change,
    settle::Decision,
};

/// Tells of one run. The log lines stand in the run's span.
#[derive(Clone, Copy)]
pub(crate) struct RunTelemetry<'a> {
    /// The worker's, and the queue; none in a test without Redis.
    pub(crate) worker: Option<(&'a Telemetry, &'a QueueName)>,
    pub(crate) metrics: &'a JobMetrics,
    pub(crate) id: &'a JobId,
    pub(crate) name: &'a JobName,
    pub(crate) attempt: u32,
}

impl RunTelemetry<'_> {
    pub(crate) fn started(&self) {
        self.metrics.started();
        if let Some((worker, _)) = self.worker {
            worker.started(self.id, self.name, self.attempt);
        }
    }

    /// The job's decision is made without its handler.
    pub(crate) fn decided(&self, decision: &Decision) {
        self.metrics.settled(decision);
        if let Some(failure) = &decision.failure {
            warn!(%failure, "the job failed before, and its compensations have run");
        }
    }

    /// The run has ended, and its job's decision is made.
    pub(crate) fn ended(&self, decision: &Decision, times: Times) {
        self.metrics.ended(decision, times);
        self.alert(decision);
        match &decision.failure {
            None if matches!(decision.end, Transition::Cancelled { .. }) => {
                debug!("the job is cancelled");
            }
            None if matches!(decision.end, Transition::Suspended(_)) => {
                debug!("the job waits without a run");
            }
            None => self.completed(times.took),
            Some(failure) if matches!(decision.end, Transition::Released { .. }) => {
                debug!(%failure, "the job is released");
            }
            Some(failure) => warn!(%failure, "the run failed"),
        }
    }

    fn completed(&self, took: Duration) {
        debug!(?took, "completed");
        if let Some((worker, _)) = self.worker {
            worker.completed(self.id, self.name, took);
        }
    }

    fn alert(&self, decision: &Decision) {
        if let (Some(class), Some(failure), Some((worker, queue))) =
            (decision.alert, &decision.failure, self.worker)
        {
            let (queue, id, name) = (queue.clone(), self.id.clone(), self.name.clone());
            worker.alert(Alert { queue, id, name, class, failure: failure.clone() });
        }
    }

    pub(crate) fn breaker(&self, change: Change) {
        if let Some((worker, queue)) = self.worker {
            worker.breaker(queue, self.name, change);
        }
    }
}

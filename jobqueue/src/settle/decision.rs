//! The decision about one job.

use std::time::Duration;

use crate::{
    job::{Counts, Effect, JobFailure, JobId, QueueName, Settlement, Suspension, Transition},
    policy::ErrorClass,
};

/// What becomes of a job. [`decide`](super::decide()) makes it whole; nobody changes it afterwards.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) end: Transition,
    /// What is sent to other queues and to callers in the same step: a dead letter, a reply.
    pub(crate) effects: Vec<Effect>,
    /// The queue that the dead letter goes to, for hooks and subscribers.
    pub(crate) dead_letter: Option<QueueName>,
    /// For how long the whole queue is throttled.
    pub(crate) throttle: Duration,
    /// The failure, for hooks and subscribers.
    pub(crate) failure: Option<JobFailure>,
    /// The failure's class, if its rule asks for an alert.
    pub(crate) alert: Option<ErrorClass>,
}

impl Decision {
    pub(super) fn new(end: Transition, failure: Option<JobFailure>) -> Self {
        Self {
            end,
            effects: Vec::new(),
            dead_letter: None,
            throttle: Duration::ZERO,
            failure,
            alert: None,
        }
    }

    /// The job goes back for this long, and no attempt is counted.
    pub(crate) fn released(delay: Duration) -> Self {
        Self::new(Transition::Released { delay, counts: Counts::Nothing }, None)
    }

    /// The job waits without a run, and no attempt is counted.
    pub(crate) fn suspended(wait: Suspension) -> Self {
        Self::new(Transition::Suspended(wait), None)
    }

    /// As the store is told.
    pub(crate) fn into_settlement(self, id: JobId) -> Settlement {
        Settlement { id, end: self.end, effects: self.effects }
    }
}

//! Dead letters. Here, and nowhere else, one is attached to the decision that fails its job.

use bytes::Bytes;
use tracing::error;

use super::decision::Decision;
use crate::error_chain::chain;
use crate::job::{DeadLetter, Effect, JobFailure, JobId, Priority, QueueName, Target, Transition};

/// Where a job's dead letter goes, and what it tells beside the failure.
#[derive(Debug)]
pub(crate) struct DeadLetterRoute<'a> {
    pub(crate) to: QueueName,
    /// The queue that the job failed in.
    pub(crate) from: &'a QueueName,
    /// The job's record, as it stands in Redis.
    pub(crate) record: Bytes,
    /// The failed attempts before this one, newest first.
    pub(crate) errors: Vec<JobFailure>,
}

/// Attaches a dead letter if the job failed for good.
pub(super) fn attach(decision: &mut Decision, id: &JobId, route: DeadLetterRoute<'_>) {
    let (Transition::Failed { .. }, Some(failure)) = (&decision.end, &decision.failure) else {
        return;
    };
    let DeadLetterRoute { to, from, record, errors } = route;
    let dead_letter = DeadLetter::new(from.as_str(), id.clone(), record, failure.clone(), errors);
    match dead_letter.to_record() {
        Ok(record) => {
            decision.effects.push(Effect {
                to: Target::Queue(to.clone()),
                // A new id: the job may be sent back and fail for good again.
                id: JobId::generate(),
                priority: Priority::default(),
                record: record.encode(),
            });
            decision.dead_letter = Some(to);
        }
        Err(problem) => {
            error!(queue = %from, %id, problem = %chain(&problem), "a dead letter can't be written")
        }
    }
}

//! Dead letters. Here, and nowhere else, one is attached to the decision that fails its job.

use bytes::Bytes;
use tracing::error;

use super::decision::Decision;
use crate::{
    error_chain::chain,
    job::{
        Along, DeadLetter, Effect, JobId, Outcome, Priority, QueueName, Record, Target, Transition,
    },
};

/// Where a job's dead letter goes, and what it tells beside the failure. The errors before that are
/// added by the script that settles the job, which has them at hand.
#[derive(Debug)]
pub(crate) struct DeadLetterRoute<'a> {
    pub(crate) to: QueueName,
    /// The queue that the job failed in.
    pub(crate) from: &'a QueueName,
    /// The job's record, as it stands in Redis.
    pub(crate) record: Bytes,
    /// Whether the job's runs may have recorded steps.
    pub(crate) has_steps: bool,
}

/// Attaches a dead letter if the job failed for good. The job's own outcome then says where it
/// went.
pub(super) fn attach(decision: &mut Decision, id: &JobId, route: DeadLetterRoute<'_>) {
    let (Transition::Failed { keep, outcome, .. }, Some(failure)) =
        (&mut decision.end, &decision.failure)
    else {
        return;
    };
    let DeadLetterRoute { to, from, record, has_steps } = route;
    let dead_letter =
        DeadLetter::new(from.as_str(), id.clone(), record, failure.clone(), Vec::new());
    match dead_letter.to_record() {
        Ok(record) => {
            decision.effects.push(Effect {
                to: Target::Queue(to.clone()),
                // A new id: the job may be sent back and fail for good again.
                id: JobId::generate(),
                priority: Priority::default(),
                record: Record::encode(&record),
                along: Along::History {
                    of: id.clone(),
                    // Its last error is written first, if anything is kept of it.
                    ended_by_newest: !keep.keeps_nothing(),
                    has_steps,
                },
            });
            let (failure, queue) = (failure.clone(), to.clone());
            *outcome = Outcome::DeadLettered { failure, queue }.encode();
            decision.dead_letter = Some(to);
        }
        Err(problem) => {
            error!(queue = %from, %id, problem = %chain(&problem), "a dead letter can't be written")
        }
    }
}

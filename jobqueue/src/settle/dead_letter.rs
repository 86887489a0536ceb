//! The one place where a dead letter is attached to what ends its job.

use tracing::error;

use super::decide::Decision;
use crate::job::{DeadLetter, Effect, JobId, Priority, QueueName, Target};

/// Sends a letter along with what ended the run.
pub(crate) fn attach(decision: &mut Decision, dead_letter: &DeadLetter, to: &QueueName) {
    match dead_letter.to_record() {
        Ok(record) => {
            decision.dead_letter = Some(to.clone());
            decision.effects.push(Effect {
                to: Target::Queue(to.clone()),
                // One of its own: the job may fail for good again after it was sent back.
                id: JobId::generate(),
                priority: Priority::default(),
                record: record.encode(),
            });
        }
        Err(problem) => {
            error!(queue = %dead_letter.queue, id = %dead_letter.id, %problem, "a dead letter could not be written");
        }
    }
}

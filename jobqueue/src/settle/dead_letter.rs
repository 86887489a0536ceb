//! The one place where a dead letter is attached to what ends its job.

use tracing::error;

use super::decide::Ruling;
use crate::job::{DeadLetter, Effect, JobId, Priority, QueueName, Target};

/// Sends a letter along with what ended the run.
pub(crate) fn attach(ruling: &mut Ruling, letter: &DeadLetter, to: &QueueName) {
    match letter.to_record() {
        Ok(record) => {
            ruling.letter = Some(to.clone());
            ruling.effects.push(Effect {
                to: Target::Queue(to.clone()),
                // One of its own: the job may fail for good again after it was sent back.
                id: JobId::generate(),
                priority: Priority::default(),
                record: record.encode(),
            });
        }
        Err(problem) => {
            error!(queue = letter.queue, id = %letter.id, %problem, "a dead letter could not be written");
        }
    }
}

//! Dead letters: what is sent elsewhere when a job fails for good.

use bytes::Bytes;
use tracing::{debug, error};

use super::{Context, registry::Entry, verdict::Ruling};
use crate::{
    job::{DeadLetter, JobId, Priority, QueueName},
    store::{outbox::Effect, worker::End},
};

/// Writes the letter of a run that failed for good, if its handler or its worker names a queue for it.
pub(super) async fn enclose(ruling: &mut Ruling, ctx: &Context, entry: &Entry) {
    let Ruling { end: End::Failed { letter, .. }, failure: Some(failure), .. } = ruling else {
        return;
    };
    let Some((line, to)) = ctx.line().and_then(|line| Some((line, line.dead_letter(Some(entry))?)))
    else {
        return;
    };
    let errors = match failure.attempt {
        1 => Vec::new(),
        _ => line.store.errors(ctx.id()).await.unwrap_or_else(|error| {
            debug!(%error, "a dead letter goes without its history");
            Vec::new()
        }),
    };
    let record = Bytes::from(ctx.record().encode());
    let queue = line.store.name().as_str();
    let written = DeadLetter::new(queue, ctx.id().clone(), record, failure.clone(), errors);
    *letter = address(&written, &to);
}

/// A letter, on its way to `to`.
pub(crate) fn address(letter: &DeadLetter, to: &QueueName) -> Option<Box<Effect>> {
    match letter.to_record() {
        Ok(record) => Some(Box::new(Effect {
            to: to.clone(),
            // One of its own: the job may fail for good again after it was sent back.
            id: JobId::generate(),
            priority: Priority::default(),
            record: record.encode(),
        })),
        Err(problem) => {
            error!(queue = letter.queue, id = %letter.id, %problem, "a dead letter could not be written");
            None
        }
    }
}

//! Dead letters: what is sent elsewhere when a job fails for good.

use bytes::Bytes;
use tracing::debug;

use super::Context;
use crate::{
    error_chain::chain,
    job::{DeadLetter, Transition},
    settle::{Decision, dead_letter},
    worker::registry::Entry,
};

/// Writes the letter of a run that failed for good, if its handler or its worker names a queue for it.
pub(crate) async fn attach(decision: &mut Decision, ctx: &Context, entry: &Entry) {
    let Decision { end: Transition::Failed { .. }, failure: Some(failure), .. } = decision else {
        return;
    };
    let Some((line, to)) = ctx.line().and_then(|line| Some((line, line.dead_letter(Some(entry))?)))
    else {
        return;
    };
    let errors = match failure.attempt {
        1 => Vec::new(),
        _ => line.store.errors(ctx.id()).await.unwrap_or_else(|error| {
            debug!(error = %chain(&error), "a dead letter goes without its history");
            Vec::new()
        }),
    };
    let record = Bytes::from(ctx.record().encode());
    let queue = line.store.name().as_str();
    let written = DeadLetter::new(queue, ctx.id().clone(), record, failure.clone(), errors);
    dead_letter::attach(decision, &written, &to);
}

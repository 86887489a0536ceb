//! The dead letter of a run that fails its job for good.

use bytes::Bytes;
use tracing::debug;

use super::context::Context;
use crate::{error_chain::chain, job::QueueName, settle::DeadLetterRoute};

/// Where the run's dead letter goes, with the earlier errors from Redis; none if no queue is named
/// for it.
pub(super) async fn route<'a>(
    ctx: &'a Context,
    of_handler: Option<&QueueName>,
) -> Option<DeadLetterRoute<'a>> {
    let shared = ctx.shared()?;
    let from = shared.store.name();
    let to = shared.dead_letters.choose(from, of_handler)?;
    let errors = match ctx.attempt() {
        1 => Vec::new(),
        _ => shared.store.errors(ctx.id()).await.unwrap_or_else(|error| {
            debug!(error = %chain(&error), "a dead letter goes without the earlier errors");
            Vec::new()
        }),
    };
    Some(DeadLetterRoute { to, from, record: Bytes::from(ctx.record().encode()), errors })
}

//! The dead letter of a run that fails its job for good.

use bytes::Bytes;

use super::context::Context;
use crate::{job::QueueName, settle::DeadLetterRoute};

/// Where the run's dead letter goes; none if no queue is named for it.
pub(super) fn route<'a>(
    ctx: &'a Context,
    of_handler: Option<&QueueName>,
) -> Option<DeadLetterRoute<'a>> {
    let shared = ctx.shared()?;
    let from = shared.store.name();
    let to = shared.dead_letters.choose(from, of_handler)?;
    let (record, has_steps) = (Bytes::from(ctx.record().encode()), ctx.steps().is_some());
    Some(DeadLetterRoute { to, from, record, has_steps })
}

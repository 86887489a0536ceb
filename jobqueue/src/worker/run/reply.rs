//! Replies of runs whose jobs were settled before.

use tracing::warn;

use super::context::Context;
use crate::{
    error_chain::chain,
    job::{ReplyAddress, Transition},
    settle::Decision,
};

/// Sends the outcome to its caller. There is no settlement for it to travel with, so if this call
/// fails, the reply is lost.
pub(super) async fn send(decision: &Decision, reply_to: &ReplyAddress, ctx: &Context) {
    let (Transition::Completed { outcome, .. } | Transition::Failed { outcome, .. }) =
        &decision.end
    else {
        return;
    };
    let Some(shared) = ctx.shared() else { return };
    if let Err(error) = shared.relays.reply(reply_to, ctx.id(), outcome).await {
        let (queue, id) = (ctx.queue(), ctx.id());
        warn!(queue = queue.map(tracing::field::display), %id, error = %chain(&error), "a reply could not be sent, and is lost");
    }
}

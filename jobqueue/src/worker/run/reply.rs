//! Replies: what is sent to a caller when its job has ended.

use tracing::warn;

use super::Context;
use crate::{
    job::{ReplyAddress, Transition},
    settle::Decision,
};

/// Sends how a run has ended whose job was settled before: with no settlement to travel with, at once or not at
/// all.
pub(crate) async fn send(decision: &Decision, inbox: &ReplyAddress, ctx: &Context) {
    let (Transition::Completed { outcome, .. } | Transition::Failed { outcome, .. }) =
        &decision.end
    else {
        return;
    };
    let Some(line) = ctx.line() else { return };
    if let Err(error) = line.relays.reply(inbox, ctx.id(), outcome).await {
        warn!(queue = ctx.queue().map(display), id = %ctx.id(), %error, "a reply could not be sent, and is lost");
    }
}

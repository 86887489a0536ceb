//! Replies: what is sent to a caller when its job has ended.

use tracing::warn;

use super::{Context, verdict::Ruling};
use crate::{
    job::{Inbox, JobId, Priority},
    policy::Retain,
    store::{
        outbox::{Effect, Target},
        worker::End,
    },
};

/// Sends how the job has ended along with its settlement, if it has.
pub(crate) fn enclose(ruling: &mut Ruling, inbox: &Inbox, id: &JobId) {
    let (End::Completed { retain, outcome } | End::Failed { retain, outcome, .. }) =
        &mut ruling.end
    else {
        return;
    };
    ruling.effects.push(Effect {
        to: Target::Inbox(inbox.clone()),
        id: id.clone(),
        priority: Priority::default(),
        record: take_or_share(outcome, *retain),
    });
}

/// Sends how a run has ended whose job was settled before: with no settlement to travel with, at once or not at
/// all.
pub(super) async fn send(ruling: &Ruling, inbox: &Inbox, ctx: &Context) {
    let (End::Completed { outcome, .. } | End::Failed { outcome, .. }) = &ruling.end else {
        return;
    };
    let Some(line) = ctx.line() else { return };
    if let Err(error) = line.relays.reply(inbox, ctx.id(), outcome).await {
        warn!(queue = ctx.queue(), id = %ctx.id(), %error, "a reply could not be sent, and is lost");
    }
}

/// Where nothing is kept of the job, the reply is all that needs its outcome.
fn take_or_share(outcome: &mut Vec<u8>, retain: Retain) -> Vec<u8> {
    if retain.keeps_nothing() { std::mem::take(outcome) } else { outcome.clone() }
}

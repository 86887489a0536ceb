//! Replies: what is sent to a caller when its job has ended.

use super::decide::Ruling;
use crate::{
    job::{Effect, End, Inbox, JobId, Priority, Target},
    policy::Retain,
};

/// Sends how the job has ended along with its settlement, if it has.
pub(crate) fn attach(ruling: &mut Ruling, inbox: &Inbox, id: &JobId) {
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

/// Where nothing is kept of the job, the reply is all that needs its outcome.
fn take_or_share(outcome: &mut Vec<u8>, retain: Retain) -> Vec<u8> {
    if retain.keeps_nothing() { std::mem::take(outcome) } else { outcome.clone() }
}

//! Replies: what is sent to a caller when its job has ended.

use super::decide::Decision;
use crate::{
    job::{Effect, JobId, Priority, ReplyAddress, Target, Transition},
    policy::Retain,
};

/// Sends how the job has ended along with its settlement, if it has.
pub(crate) fn attach(decision: &mut Decision, inbox: &ReplyAddress, id: &JobId) {
    let (Transition::Completed { retain, outcome } | Transition::Failed { retain, outcome, .. }) =
        &mut decision.end
    else {
        return;
    };
    decision.effects.push(Effect {
        to: Target::ReplyAddress(inbox.clone()),
        id: id.clone(),
        priority: Priority::default(),
        record: take_or_share(outcome, *retain),
    });
}

/// Where nothing is kept of the job, the reply is all that needs its outcome.
fn take_or_share(outcome: &mut Vec<u8>, retain: Retain) -> Vec<u8> {
    if retain.keeps_nothing() { std::mem::take(outcome) } else { outcome.clone() }
}

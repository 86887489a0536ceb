//! Replies: the outcome of a job, for the caller that waits for it.

use super::decision::Decision;
use crate::job::{Along, Effect, JobId, Keep, Priority, ReplyAddress, Target, Transition};

/// Attaches a reply if the job has ended.
pub(super) fn attach(decision: &mut Decision, id: &JobId, reply_to: &ReplyAddress) {
    let (Transition::Completed { keep, outcome } | Transition::Failed { keep, outcome, .. }) =
        &mut decision.end
    else {
        return;
    };
    decision.effects.push(Effect {
        to: Target::ReplyAddress(reply_to.clone()),
        id: id.clone(),
        priority: Priority::default(),
        record: take_or_share(outcome, keep),
        along: Along::Nothing,
    });
}

/// Where nothing is kept of the job, only the reply needs its outcome.
fn take_or_share(outcome: &mut Vec<u8>, keep: &Keep) -> Vec<u8> {
    if keep.keeps_nothing() { std::mem::take(outcome) } else { outcome.clone() }
}

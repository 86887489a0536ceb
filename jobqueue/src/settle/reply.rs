//! Replies: the outcome of a job, for the caller that waits for it.

use super::decision::Decision;
use crate::job::{
    Along, Effect, FailureReason, JobFailure, JobId, Keep, Outcome, Priority, ReplyAddress, Target,
    Transition,
};

/// What a flow hears of a node that runs at most once: such a run starts when its job has gone, so
/// nobody would hear of its end if its worker died.
pub(crate) fn unheard(id: &JobId, reply_to: Option<&ReplyAddress>) -> Option<Effect> {
    let to = reply_to.filter(|to| to.home().is_some())?;
    let failure = JobFailure {
        reason: FailureReason::Other,
        message: "its handler runs at most once, so nobody can wait for its end".to_owned(),
        causes: Vec::new(),
        attempt: 0,
    };
    let outcome = Outcome::Failed(failure).encode();
    Some(effect(id, to, outcome))
}

fn effect(id: &JobId, to: &ReplyAddress, record: Vec<u8>) -> Effect {
    let (to, id) = (Target::ReplyAddress(to.clone()), id.clone());
    Effect { to, id, priority: Priority::default(), record, along: Along::Nothing }
}

/// Attaches a reply if the job has ended.
pub(super) fn attach(decision: &mut Decision, id: &JobId, reply_to: &ReplyAddress) {
    let (Transition::Completed { keep, outcome } | Transition::Failed { keep, outcome, .. }) =
        &mut decision.end
    else {
        return;
    };
    let outcome = take_or_share(outcome, keep);
    decision.effects.push(effect(id, reply_to, outcome));
}

/// Where nothing is kept of the job, only the reply needs its outcome.
fn take_or_share(outcome: &mut Vec<u8>, keep: &Keep) -> Vec<u8> {
    if keep.keeps_nothing() { std::mem::take(outcome) } else { outcome.clone() }
}

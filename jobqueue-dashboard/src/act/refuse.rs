//! Word of what was refused.

use jobqueue::{QueueName, audit::Actor};
use tracing::warn;

use crate::{
    verb::Verb,
    web::{Problem, Visit},
};

/// Notes a refusal in the audit log, as any answer to an operator.
pub(super) async fn refused(visit: &Visit, verb: Verb, queue: &QueueName, problem: &Problem) {
    let mut actor = Actor::new(visit.person.name());
    if let Some(address) = &visit.address {
        actor = actor.at(address);
    }
    warn!(who = visit.person.name(), action = verb.as_str(), %queue, "an action was refused");
    let client = visit.app.client.acting_as(actor);
    client.note_refusal(verb.as_str(), queue, &problem.words).await;
}

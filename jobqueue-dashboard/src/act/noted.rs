//! Word of what was refused, and of what the library doesn't note by itself.

use jobqueue::{JobId, Queue, QueueName};
use tracing::warn;

use crate::{
    access::{Counts, Role},
    verb::Verb,
    web::{Problem, Visit},
};

/// How many refusals of one person are noted in a minute: the log keeps a number of entries, and
/// nobody is to push others' out.
const MOST: u32 = 20;

/// How many people are remembered.
const PEOPLE: usize = 1_000;

/// How many refusals each person had.
#[derive(Debug)]
pub(crate) struct Refusals(Counts<String>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Counts::of_at_most(PEOPLE))
    }
}

/// Refuses what needs a role that they don't have on the queue, and notes that.
pub(super) async fn needs(
    visit: &Visit,
    (verb, role): (Verb, Role),
    queue: &QueueName,
) -> Result<(), Problem> {
    let allowed = visit.needs(role, queue.as_str());
    if let Err(problem) = &allowed {
        refused(visit, verb, queue, problem).await;
    }
    allowed
}

/// Notes a refusal in the audit log, as any answer to an operator; of very many in a short time only
/// the first ones.
pub(super) async fn refused(visit: &Visit, verb: Verb, queue: &QueueName, problem: &Problem) {
    warn!(who = visit.person.name(), action = verb.as_str(), %queue, "an action was refused");
    let number = visit.app.refusals.0.count(visit.person.name().to_owned());
    if number > MOST {
        return;
    }
    let mut why = problem.words.clone();
    if number == MOST {
        why.push_str(" More refusals of the next minute aren't noted.");
    }
    visit.client().note_refusal(verb.as_str(), queue, &why).await;
}

/// Notes that a job was added on behalf of a person, and of which it was made.
pub(super) async fn noted(visit: &Visit, queue: &Queue, verb: Verb, of: &JobId, new: &JobId) {
    let on = format!("{of} as {new}");
    visit.client().note_action(verb.as_str(), queue.name(), &on).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_a_count_and_not_too_many_are_remembered() {
        let Refusals(refusals) = Refusals::default();
        assert_eq!([(); 3].map(|()| refusals.count("ann".to_owned())), [1, 2, 3]);
        assert_eq!(refusals.count("bob".to_owned()), 1);
        for n in 0..3 * PEOPLE {
            refusals.count(n.to_string());
        }
        assert!(refusals.remembered() <= PEOPLE);
    }
}

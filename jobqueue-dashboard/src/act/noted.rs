//! Word of what was refused, and of what the library doesn't note by itself.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jobqueue::{JobId, Queue, QueueName};
use tracing::warn;

use crate::{
    verb::Verb,
    web::{Problem, Visit},
};

/// How many refusals of one person are noted in [`WINDOW`]: the log keeps a number of entries, and
/// nobody is to push others' out.
const MOST: u32 = 20;

const WINDOW: Duration = Duration::from_secs(60);

/// How many people are remembered. Beyond, those whose time is over go, or else all.
const PEOPLE: usize = 1_000;

/// How many refusals of each person were noted, and since when.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, (Instant, u32)>>);

impl Refusals {
    /// Counts one. Its number within the time.
    fn count(&self, who: &str) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= PEOPLE {
            counts.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        if counts.len() >= PEOPLE {
            counts.clear();
        }
        let entry = counts.entry(who.to_owned()).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
        entry.1
    }
}

/// Notes a refusal in the audit log, as any answer to an operator; of very many in a short time only
/// the first ones.
pub(super) async fn refused(visit: &Visit, verb: Verb, queue: &QueueName, problem: &Problem) {
    warn!(who = visit.person.name(), action = verb.as_str(), %queue, "an action was refused");
    let number = visit.app.refusals.count(visit.person.name());
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
        let refusals = Refusals::default();
        assert_eq!([(); 3].map(|()| refusals.count("ann")), [1, 2, 3]);
        assert_eq!(refusals.count("bob"), 1);
        for n in 0..3 * PEOPLE {
            refusals.count(&n.to_string());
        }
        assert!(refusals.0.lock().expect("not poisoned").len() <= PEOPLE);
    }
}

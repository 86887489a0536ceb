//! What an operator asked for took effect once, however often its call was sent and however late a
//! try arrived.

use std::collections::BTreeMap;

use super::{Judge, Wrong};
use crate::{book::Note, plan::Operation};

impl<'a> Judge<'a> {
    /// Nothing was paused, moved or run again more often than an operator asked.
    pub(super) fn check_operations(&mut self) {
        // With its last writes, a replica may lack what it knew of calls.
        if !self.lost.is_empty() {
            return;
        }
        let ledgers = self.ledgers;
        for (queue, ledger) in ledgers {
            let asked =
                self.count(|it| matches!(it, Operation::Pause(kind) if kind.queue() == *queue));
            let pauses = ledger.events.iter().filter(|(_, kind, _)| kind == "paused").count();
            if pauses > asked {
                let what = format!("{queue} was paused {pauses} times, and {asked} were asked for");
                self.complain(Wrong::Duplicated, what);
            }
            let all = self
                .count(|it| matches!(it, Operation::RetryFailed(kind) if kind.queue() == *queue));
            let asked = self.asked_of_jobs();
            for (id, history) in ledger.histories() {
                let ends = ["completed", "failed", "cancelled"];
                let again =
                    history.windows(2).filter(|it| ends.contains(&it[0]) && it[1] == "waiting");
                let delays = history.iter().filter(|kind| **kind == "delayed").count();
                let Some(Asked { retries, moves }) = asked.get(id) else { continue };
                let (again, retries) = (again.count(), retries + all);
                if again > retries || delays > *moves {
                    let what = format!(
                        "{id} of {queue} ran again by hand {again} times and was moved {delays} \
                         times; {retries} and {moves} were asked for: {history:?}"
                    );
                    self.complain(Wrong::Duplicated, what);
                }
            }
        }
    }

    fn count(&self, is_one: impl Fn(&Operation) -> bool) -> usize {
        self.plan.operations.iter().filter(|it| is_one(&it.what)).count()
    }

    /// By job.
    fn asked_of_jobs(&self) -> BTreeMap<&'a str, Asked> {
        let mut all: BTreeMap<&'a str, Asked> = BTreeMap::new();
        let notes = self.notes;
        for (_, note) in notes {
            let Note::Added { token, id, .. } = note else { continue };
            // A probe's isn't in the plan.
            if self.kind_of(*token).is_none() {
                continue;
            }
            let asked = all.entry(id).or_default();
            asked.retries += self.count(|it| matches!(it, Operation::Retry(of) if of == token));
            asked.moves += self.count(|it| matches!(it, Operation::Delay(of, _) if of == token));
        }
        all
    }
}

/// What was asked for of one job.
#[derive(Clone, Copy, Default)]
struct Asked {
    retries: usize,
    moves: usize,
}

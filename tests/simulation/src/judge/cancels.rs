//! Jobs that were cancelled.

use std::{collections::BTreeSet, time::Duration};

use super::{Judge, Wrong};
use crate::{book::Note, operator::queue_of, plan::Operation};

/// How long a run may take beyond its grace time, when nothing breaks.
const SOON: Duration = Duration::from_secs(2);

impl<'a> Judge<'a> {
    /// A job that was cancelled has ended, or ends by the run that it has: as cancelled, or with a
    /// result. No attempt follows.
    pub(super) fn check_cancels(&mut self) {
        // Whether something came later is told by the server's clock.
        if self.plan.jumps() || self.has_redriven() {
            return;
        }
        let (again, notes) = (self.run_again(), self.notes);
        for (at, note) in notes {
            let Note::Cancelled { token, id, told, at: ms } = note else { continue };
            if again.contains(id.as_str()) || self.is_excused(id) {
                continue;
            }
            let queue = queue_of(self.plan, *token);
            let ledger = &self.ledgers[queue];
            let later = ledger.events.iter().filter(|(at, _, ids)| at > ms && ids.contains(id));
            let ends: &[&str] =
                if told.is_some() { &["completed", "cancelled", "removed"] } else { &["removed"] };
            let next = later.map(|(_, kind, _)| kind.as_str()).find(|kind| *kind != "progress");
            if let Some(next) = next.filter(|next| !ends.contains(next)) {
                let what = format!("{id} of {queue} was cancelled (told: {told:?}), then {next}");
                self.complain(Wrong::Unfenced, what);
            }
            if let Some(grace) = told.filter(|_| self.plan.faults.is_empty()) {
                self.check_run_ends(id, *at, Duration::from_millis(grace) + SOON);
            }
        }
    }

    /// A run of before ends within this time.
    fn check_run_ends(&mut self, id: &str, told: Duration, within: Duration) {
        let mut runs = BTreeSet::new();
        for (at, note) in self.notes {
            match note {
                Note::Start { id: of, run, .. } if of == id && *at <= told => {
                    runs.insert(*run);
                }
                Note::End { id: of, run } if of == id && *at <= told + within => {
                    runs.remove(run);
                }
                _ => {}
            }
        }
        // A run by hand ends when whoever has it says so.
        let by_hand = |run: &u64| {
            let hand = crate::plan::Kind::Hand;
            self.notes.iter().any(|(_, note)| {
                matches!(note, Note::Start { run: of, kind, .. } if of == run && *kind == hand)
            })
        };
        if let Some(run) = runs.iter().find(|run| !by_hand(run)) {
            let what = format!("run {run} of {id} was told to end at {told:?}, and goes on");
            self.complain(Wrong::Late, what);
        }
    }

    /// The jobs that an operator ran again, one by one.
    pub(super) fn run_again(&self) -> BTreeSet<&'a str> {
        let again = |of: &u32| {
            let operations = self.plan.operations.iter();
            operations
                .filter(|it| matches!(it.what, Operation::Retry(token) if token == *of))
                .count()
                > 0
        };
        let notes = self.notes.iter();
        notes
            .filter_map(|(_, note)| match note {
                Note::Added { token, id, .. } if again(token) => Some(id.as_str()),
                _ => None,
            })
            .collect()
    }
}

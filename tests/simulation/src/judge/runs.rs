//! The runs, and which of them counted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Wrong};
use crate::{book::Note, plan::Kind};

impl Judge<'_> {
    /// Every job that ran had been added, and no job ran more often than it was fetched.
    pub(super) fn check_runs(&mut self) {
        let mut begun: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
        let intents: BTreeSet<u32> = self
            .notes
            .iter()
            .filter_map(
                |(_, note)| if let Note::Intent { token } = note { Some(*token) } else { None },
            )
            .collect();
        let notes = self.notes;
        for (_, note) in notes {
            let Note::Start { token, id, kind, run } = note else { continue };
            *begun.entry((*kind, id)).or_default() += 1;
            if !intents.contains(token) {
                self.complain(Wrong::Invented, format!("run {run} ran {id} ({token})"));
            }
        }
        let mut fetched: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (queue, ledger) in self.ledgers {
            for (id, history) in ledger.histories() {
                fetched
                    .insert((queue, id), history.iter().filter(|kind| **kind == "active").count());
            }
        }
        for ((kind, id), runs) in begun {
            let fetched = fetched.get(&(kind.queue(), id)).copied().unwrap_or(0);
            if runs > fetched && !self.is_excused(id) {
                let what =
                    format!("{id} ({kind:?}) was fetched {fetched} times and ran {runs} times");
                self.complain(Wrong::Duplicated, what);
            }
            if kind == Kind::Once && runs > 1 && !self.is_excused(id) {
                self.complain(Wrong::Duplicated, format!("{id} ran {runs} times, at most once"));
            }
        }
    }

    /// The run whose outcome stands did its work and had its lease.
    pub(super) fn check_outcomes(&mut self) {
        let mut effects = BTreeSet::new();
        let mut lost = BTreeSet::new();
        for (_, note) in self.notes {
            match note {
                Note::Effect { id, run } => drop(effects.insert((id.as_str(), *run))),
                Note::Lost { id, run } => drop(lost.insert((id.as_str(), *run))),
                _ => {}
            }
        }
        for ((queue, id), run) in self.outcomes {
            if self.is_excused(id) {
                continue;
            }
            if lost.contains(&(id.as_str(), *run)) {
                let what = format!("run {run} had lost {id} of {queue}, and settled it");
                self.complain(Wrong::Unfenced, what);
            }
            if !effects.contains(&(id.as_str(), *run)) {
                let what = format!("run {run} settled {id} of {queue}, and had no effect");
                self.complain(Wrong::Unsound, what);
            }
        }
    }
}

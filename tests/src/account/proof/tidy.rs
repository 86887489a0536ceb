//! Leftovers in Redis, and whether the totals add up.

use super::{Audit, Wrong};

impl Audit<'_> {
    /// Each column has just the jobs that exist, and nothing belongs to nobody.
    pub(super) fn check_columns(&mut self) {
        let ledger = self.ledger;
        for id in ledger.records.iter().filter(|id| !ledger.places.contains_key(*id)) {
            self.complain(Wrong::Leaked, format!("the record of {id}, which stands nowhere"));
        }
        for (id, places) in &ledger.places {
            if !ledger.records.contains(id) {
                self.complain(Wrong::Leaked, format!("{id} in {places:?}, and no record"));
            }
            if places.len() > 1 {
                self.complain(Wrong::Duplicated, format!("{id} stands in {places:?}"));
            }
        }
        for (column, ids) in &ledger.columns {
            for id in ids.iter().filter(|id| !ledger.records.contains(*id)) {
                self.complain(Wrong::Leaked, format!("{column} of {id}, which is no more"));
            }
        }
        for id in ledger.lists.iter().filter(|id| !ledger.records.contains(*id)) {
            self.complain(Wrong::Leaked, format!("a list of {id}, which is no more"));
        }
        for (key, id) in &ledger.claims {
            let places = ledger.places.get(id).map_or(&[][..], Vec::as_slice);
            let lives = places.iter().any(|it| ["waiting", "delayed", "active"].contains(it));
            if ledger.uniques.get(id) != Some(key) {
                self.complain(Wrong::Leaked, format!("the unique key {key} of {id}"));
            } else if !lives {
                self.complain(Wrong::Leaked, format!("{id} in {places:?} claims a unique key"));
            }
        }
        // One that has ended and is kept still knows its key.
        for id in ledger.uniques.keys().filter(|id| !ledger.records.contains(*id)) {
            self.complain(Wrong::Leaked, format!("the unique key of {id}, which is no more"));
        }
        for worker in ledger.holders.difference(&ledger.leases) {
            self.complain(Wrong::Leaked, format!("{worker} holds jobs and has no lease"));
        }
        for job in &ledger.unreadable {
            self.complain(Wrong::Unsound, job.clone());
        }
        for key in &ledger.strange {
            self.complain(Wrong::Leaked, format!("the key {key}"));
        }
    }

    /// The queue's totals match its history and the jobs in it.
    pub(super) fn check_totals(&mut self) {
        let ledger = self.ledger;
        let kinds = ["added", "completed", "failed"];
        let counted = kinds.map(|wanted| {
            let events = ledger.history.values().flatten().filter(|kind| *kind == wanted);
            events.count() as u64
        });
        if counted != ledger.totals {
            let what = format!("{kinds:?}: {counted:?} in the history, {:?} in all", ledger.totals);
            self.complain(Wrong::Unsound, what);
        }
        let (ended, standing) = (self.proof.ended, self.proof.standing);
        if ended + standing != self.proof.jobs {
            let what = format!("{} added, {ended} ended and {standing} standing", self.proof.jobs);
            self.complain(Wrong::Unsound, what);
        }
    }
}

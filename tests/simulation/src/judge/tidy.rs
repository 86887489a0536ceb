//! Leftovers, and whether the totals add up.

use super::{Judge, Wrong};
use crate::ledger::Ledger;

impl Judge<'_> {
    /// Each column has just the jobs that exist, and nothing belongs to nobody.
    pub(super) fn check_columns(&mut self) {
        for (queue, ledger) in self.ledgers {
            let mut found = Vec::new();
            places(ledger, &mut found);
            columns(ledger, &mut found);
            keys(ledger, &mut found);
            leases(ledger, *queue != "hand" || self.plan.faults.is_empty(), &mut found);
            for (wrong, what) in found {
                self.complain(wrong, format!("{what}, in {queue}"));
            }
        }
    }

    /// The queue's totals match its history and the jobs in it.
    pub(super) fn check_totals(&mut self) {
        for (queue, ledger) in self.ledgers {
            let kinds = ["added", "completed", "failed", "cancelled"];
            let counted = kinds.map(|kind| i64::try_from(ledger.count(kind)).unwrap_or(-1));
            if counted != ledger.totals && !self.has_redriven() {
                let what = format!(
                    "{kinds:?} of {queue}: {counted:?} in the history, {:?} in all",
                    ledger.totals
                );
                self.complain(Wrong::Unsound, what);
            }
        }
    }
}

type Found = Vec<(Wrong, String)>;

fn places(ledger: &Ledger, found: &mut Found) {
    for id in ledger.records.iter().filter(|id| !ledger.places.contains_key(*id)) {
        found.push((Wrong::Leaked, format!("the record of {id}, which stands nowhere")));
    }
    for (id, places) in &ledger.places {
        if !ledger.records.contains(id) {
            found.push((Wrong::Leaked, format!("{id} in {places:?}, and no record")));
        }
        if places.len() > 1 {
            found.push((Wrong::Duplicated, format!("{id} stands in {places:?}")));
        }
    }
}

fn columns(ledger: &Ledger, found: &mut Found) {
    for (column, ids) in &ledger.columns {
        for id in ids.iter().filter(|id| !ledger.records.contains(*id)) {
            found.push((Wrong::Leaked, format!("{column} of {id}, which is no more")));
        }
    }
    for id in ledger.columns.get("expiring").into_iter().flatten() {
        let ended = |place: &&str| ["completed", "failed", "cancelled"].contains(place);
        if ledger.places.get(id).is_some_and(|places| places.iter().any(ended)) {
            found.push((Wrong::Leaked, format!("{id} has ended, and may expire")));
        }
    }
}

/// A join that comes late, or a replica, may bring the name of a receive back that has ended: it
/// holds nothing, and runs out in half a minute.
fn leases(ledger: &Ledger, strict: bool, found: &mut Found) {
    for worker in &ledger.holders {
        found.push((Wrong::Leaked, format!("{worker} holds jobs at the end")));
    }
    for worker in ledger.leases.iter().filter(|_| strict) {
        found.push((Wrong::Leaked, format!("{worker} has a lease at the end")));
    }
}

fn keys(ledger: &Ledger, found: &mut Found) {
    for (key, id) in &ledger.claims {
        let places = ledger.places.get(id).map_or(&[][..], Vec::as_slice);
        let lives = places.iter().any(|it| ["waiting", "delayed", "active"].contains(it));
        if ledger.uniques.get(id) != Some(key) {
            found.push((Wrong::Leaked, format!("the unique key {key} of {id}")));
        } else if !lives {
            found.push((Wrong::Leaked, format!("{id} in {places:?} claims a unique key")));
        }
    }
    // One that has only a lifetime isn't known to its job.
    for (key, id) in ledger.lasting.iter().filter(|(key, id)| ledger.uniques.get(*id) == Some(key))
    {
        let places = ledger.places.get(id).map_or(&[][..], Vec::as_slice);
        if !places.iter().any(|it| ["waiting", "delayed", "active"].contains(it)) {
            found.push((Wrong::Leaked, format!("{id} in {places:?} claims {key} for a while")));
        }
    }
    for id in ledger.columns.get("cancels").into_iter().flatten() {
        found.push((Wrong::Leaked, format!("{id} is still to be cancelled")));
    }
    // One that has ended and is kept still knows its key.
    for id in ledger.uniques.keys().filter(|id| !ledger.records.contains(*id)) {
        found.push((Wrong::Leaked, format!("the unique key of {id}, which is no more")));
    }
    for key in ledger.standing_flows.difference(&ledger.children) {
        found.push((Wrong::Leaked, format!("the flow {key}, which doesn't expire")));
    }
    for key in &ledger.strange {
        found.push((Wrong::Leaked, format!("the key {key}")));
    }
}

//! Effects that happen once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Wrong};
use crate::{book::Note, plan::Operation};

impl Judge<'_> {
    /// Once the result of an effect is known, it doesn't happen again, and nobody hears of another
    /// result. If nothing breaks, it happens once.
    pub(super) fn check_effects_once(&mut self) {
        if !self.lost.is_empty() {
            return;
        }
        // What is cut off by a cancellation or by the end of its time is done again if its job is retried.
        let is_calm = self.plan.faults.is_empty() && self.plan.flow_operations.is_empty();
        let orders = self.plan.orders.iter().map(|it| &it.what);
        let cut = orders.filter(|it| it.timeout.is_some() || it.deadline.is_some());
        let mut cut: BTreeSet<u32> = cut.flat_map(|it| it.tokens.iter().copied()).collect();
        cut.extend(self.plan.operations.iter().filter_map(|it| match it.what {
            Operation::Cancel(token, _) => Some(token),
            _ => None,
        }));
        let (mut kept, mut acted): (BTreeMap<u32, u64>, BTreeMap<u32, u64>) = Default::default();
        let notes = self.notes;
        for (_, note) in notes {
            match note {
                Note::Acted { token, run } => {
                    let before = acted.insert(*token, *run);
                    if let Some(of) = kept.get(token) {
                        let what = format!("run {run} did again for {token} what {of} had done");
                        self.complain(Wrong::Duplicated, what);
                    } else if before.is_some() && is_calm && !cut.contains(token) {
                        let what = format!("runs {before:?} and {run} did the same for {token}");
                        self.complain(Wrong::Duplicated, what);
                    }
                }
                Note::Kept { token, run } => {
                    let of = *kept.entry(*token).or_insert(*run);
                    if of != *run {
                        let what = format!("for {token} there are two results, {of} and {run}");
                        self.complain(Wrong::Duplicated, what);
                    }
                }
                _ => {}
            }
        }
    }
}

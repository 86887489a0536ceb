//! Effects that happen once.

use std::collections::BTreeMap;

use super::{Judge, Wrong};
use crate::book::Note;

impl Judge<'_> {
    /// Once the result of an effect is known, it doesn't happen again, and nobody hears of another
    /// result. If nothing breaks, it happens once.
    pub(super) fn check_effects_once(&mut self) {
        if !self.lost.is_empty() {
            return;
        }
        // A step that is cut off by a cancellation is done again if its job is retried.
        let is_calm = self.plan.faults.is_empty() && self.plan.flow_operations.is_empty();
        let (mut kept, mut acted): (BTreeMap<u32, u64>, BTreeMap<u32, u64>) = Default::default();
        let notes = self.notes;
        for (_, note) in notes {
            match note {
                Note::Acted { token, run } => {
                    let before = acted.insert(*token, *run);
                    if let Some(of) = kept.get(token) {
                        let what = format!("run {run} did again for {token} what {of} had done");
                        self.complain(Wrong::Duplicated, what);
                    } else if before.is_some() && is_calm {
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

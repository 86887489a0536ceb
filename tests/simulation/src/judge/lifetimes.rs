//! Times that end jobs.

use std::{collections::BTreeMap, time::Duration};

use super::{Judge, Wrong};
use crate::book::Note;

/// What a start may be late, when nothing breaks.
const SOON: Duration = Duration::from_secs(1);

impl Judge<'_> {
    /// No run begins, and none has an effect, after its job's deadline.
    pub(super) fn check_lifetimes(&mut self) {
        if !self.plan.faults.is_empty() || self.has_redriven() {
            return;
        }
        let mut deadlines: BTreeMap<&str, Duration> = BTreeMap::new();
        for (at, note) in self.notes {
            let Note::Added { token, id, existed: false, .. } = note else { continue };
            let Some((_, order)) = self.kind_of(*token) else { continue };
            // Another may have taken its place, with other times; and adds of many have none.
            if order.unique.is_some() || order.tokens.len() > 1 {
                continue;
            }
            if let Some(deadline) = order.deadline {
                deadlines.insert(id, *at + SOON + Duration::from_millis(order.delay + deadline));
            }
        }
        let mut found = Vec::new();
        for (at, note) in self.notes {
            let (Note::Start { id, run, .. } | Note::Effect { id, run }) = note else { continue };
            if deadlines.get(id.as_str()).is_some_and(|until| at > until) {
                found.push(format!("{id} had a deadline, and run {run} did {note:?} at {at:?}"));
            }
        }
        for what in found {
            self.complain(Wrong::Late, what);
        }
    }
}

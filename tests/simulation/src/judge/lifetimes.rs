//! Times that end jobs.

use std::{collections::BTreeMap, time::Duration};

use super::{Judge, Wrong};
use crate::{
    book::Note,
    plan::{Kind, Operation},
};

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
            let Some((kind, order)) = self.kind_of(*token) else { continue };
            // Another may have taken its place, with other times; and adds of many have none.
            if order.unique.is_some() || order.tokens.len() > 1 || self.is_due_anew(*token, kind) {
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

    /// Whether an operator may have changed when a job is due, from where its times count.
    fn is_due_anew(&self, token: u32, kind: Kind) -> bool {
        self.plan.operations.iter().any(|it| match it.what {
            Operation::RetryFailed(of) => of == kind,
            Operation::Retry(of) | Operation::Delay(of, _) | Operation::Promote(of) => of == token,
            _ => false,
        })
    }
}

//! Groups and keys of which one job runs at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Wrong};
use crate::{
    book::Note,
    plan::Kind,
    producer::{IN_ORDER, ONE_BY_ONE, concurrency_key, group},
};

impl Judge<'_> {
    /// No two of their jobs run at once, where nothing breaks: a run that has lost its job may go on for
    /// a while.
    pub(super) fn check_groups(&mut self) {
        if !self.plan.faults.is_empty() {
            return;
        }
        let limited = |token| group(token).filter(|it| it == ONE_BY_ONE || it == IN_ORDER);
        self.check_one_at_a_time(limited);
        self.check_one_at_a_time(concurrency_key);
    }

    fn check_one_at_a_time(&mut self, of: impl Fn(u32) -> Option<String>) {
        // Those that are added many at once have none.
        let orders = self.plan.orders.iter().filter(|it| it.what.tokens.len() == 1);
        let alone: BTreeSet<u32> = orders.map(|it| it.what.tokens[0]).collect();
        let mut running: BTreeMap<String, (u64, u32)> = BTreeMap::new();
        let notes = self.notes;
        for (_, note) in notes {
            match note {
                Note::Start { token, run, kind, .. } if kind.queue() == Kind::Work.queue() => {
                    let name = of(*token).filter(|_| alone.contains(token));
                    let Some(name) = name else { continue };
                    if let Some((other, of)) = running.insert(name.clone(), (*run, *token)) {
                        let what =
                            format!("{token} ran in {name} beside {of} (runs {run}, {other})");
                        self.complain(Wrong::TooFast, what);
                    }
                }
                Note::End { run, .. } => running.retain(|_, (of, _)| of != run),
                _ => {}
            }
        }
    }
}

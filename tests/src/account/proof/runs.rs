//! The runs, and which of them counted.

use std::collections::{HashMap, HashSet};

use super::{Audit, Wrong};

impl Audit<'_> {
    /// Every job that ran had been added; no job ran more often than it was fetched; and the run
    /// whose outcome stands did its work and had its lease.
    pub(super) fn check_runs(&mut self) {
        let (ledger, starts) = (self.ledger, self.notes.starts.clone());
        let mut begun: HashMap<&str, usize> = HashMap::new();
        let mut names = HashSet::new();
        for (id, run, _, token) in starts {
            *begun.entry(id).or_default() += 1;
            if !names.insert(run) {
                self.complain(Wrong::Unsound, format!("two runs are called {run}"));
            }
            let added =
                ledger.history.get(id).is_some_and(|history| history.contains(&"added".into()));
            if !self.notes.intents.contains(token) || !added {
                self.complain(Wrong::Invented, format!("{run} ran {id} ({token})"));
            }
        }
        for (id, history) in &ledger.history {
            let fetched = history.iter().filter(|kind| *kind == "active").count();
            let runs = begun.get(id.as_str()).copied().unwrap_or(0);
            if runs > fetched {
                let what =
                    format!("{id} was fetched {fetched} times and ran {runs} times: {history:?}");
                self.complain(Wrong::Duplicated, what);
            }
            if history.iter().any(|kind| kind == "completed") && runs == 0 {
                self.complain(Wrong::Unsound, format!("{id} completed and never ran"));
            }
        }
        for (id, run) in &ledger.outcomes {
            let key = (id.as_str(), run.as_str());
            if self.notes.lost.contains(&key) {
                self.complain(Wrong::Unfenced, format!("{run} had lost {id}, and settled it"));
            }
            if !self.notes.effects.contains(&key) {
                self.complain(Wrong::Unsound, format!("{run} settled {id}, and had no effect"));
            }
        }
    }
}

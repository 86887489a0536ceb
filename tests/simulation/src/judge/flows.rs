//! Flows and jobs of several steps: each has one end, each node one, and what follows follows once.

use std::collections::{BTreeMap, BTreeSet};

use jobqueue::JobState;

use super::{Judge, Wrong};
use crate::{
    book::Note,
    flows::{FlowFound, FlowOperation, Shape},
    plan::Kind,
};

impl Judge<'_> {
    pub(super) fn check_flows(&mut self) {
        let mut began = BTreeSet::new();
        let mut runs: BTreeMap<u64, u32> = BTreeMap::new();
        let mut effects = BTreeSet::new();
        for (_, note) in self.notes {
            match note {
                Note::Began { flow } => drop(began.insert(*flow)),
                Note::Start { token, run, .. } => drop(runs.insert(*run, *token)),
                Note::Effect { run, .. } => drop(effects.insert(*run)),
                _ => {}
            }
        }
        for found in self.flows {
            let id = found.plan.id();
            if found.is_open {
                self.complain(Wrong::Stuck, format!("{id} is {:?}: {found:?}", found.state));
            }
            if !self.lost.is_empty() {
                continue;
            }
            match found.state {
                None if began.contains(&found.plan.number) && !self.is_operated(found) => {
                    self.complain(Wrong::Lost, format!("{id} was started, and isn't there"));
                }
                None => continue,
                Some(_) => self.check_end(found),
            }
            for (at, run) in found.leaves.iter().enumerate() {
                let Some(run) = run else { continue };
                if runs.get(run) != Some(&found.plan.token(at)) || !effects.contains(run) {
                    let what = format!("leaf {at} of {id} has the result of run {run}");
                    self.complain(Wrong::Unsound, what);
                }
            }
        }
        self.check_signals();
    }

    /// Whether an operator has had to do with it.
    fn is_operated(&self, found: &FlowFound) -> bool {
        let number = found.plan.number;
        let is_it = |operation: FlowOperation| match operation {
            FlowOperation::Cancel(of) | FlowOperation::Retry(of) => of == number,
        };
        self.plan.flow_operations.iter().any(|it| is_it(it.what))
    }

    fn check_end(&mut self, found: &FlowFound) {
        let (plan, [nodes, pending, completed]) = (&found.plan, found.counts);
        let operated = self.is_operated(found);
        let expected = if plan.completes() { JobState::Completed } else { JobState::Failed };
        if !operated && found.state != Some(expected) {
            let what = format!("{} should be {expected}: {found:?}", plan.id());
            self.complain(Wrong::Unsound, what);
        }
        if plan.is_job() {
            return;
        }
        if pending > 0 || (!operated && plan.is_well() && completed != nodes) {
            self.complain(Wrong::Unsound, format!("{} of {found:?}", plan.id()));
        }
        if plan.shape == Shape::Batch {
            self.check_following(found, operated);
        }
    }

    /// What follows from a batch has run to one end.
    fn check_following(&mut self, found: &FlowFound, operated: bool) {
        let is_well = found.plan.is_well();
        let Some(ledger) = self.ledgers.get(Kind::Top.queue()) else { return };
        let token = found.plan.top();
        let mut ran: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (_, note) in self.notes {
            if let Note::Start { token: of, id, .. } = note
                && *of == token
                && let Some((key, on)) = id.rsplit_once('.')
            {
                ran.insert((on, key));
            }
        }
        let mut wrong = Vec::new();
        for (on, expected) in [("success", is_well), ("complete", true), ("death", !is_well)] {
            let jobs = ran.iter().filter(|(of, _)| *of == on).count();
            if jobs > 1 || (!operated && (jobs == 1) != expected) {
                wrong.push(format!("{jobs} of {on} followed from {}", found.plan.id()));
            }
        }
        // Each job's history says that it was added once, and ended once.
        for (on, key) in &ran {
            if !ledger.places.contains_key(&format!("{key}.{on}")) {
                wrong.push(format!("{key}.{on} ran, and is nowhere"));
            }
        }
        for what in wrong {
            self.complain(Wrong::Duplicated, what);
        }
    }

    /// A signal is sent once, and taken once: if it is known to have come before the end, it was.
    fn check_signals(&mut self) {
        let mut heard: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (_, note) in self.notes {
            if let Note::Heard { token, signals } = note {
                heard.entry(*token).or_default().insert(*signals);
            }
        }
        if !self.lost.is_empty() {
            return;
        }
        for (token, signals) in &heard {
            if signals.len() > 1 || signals.contains(&2) {
                let what = format!("the runs of {token} heard {signals:?} signals, of one");
                self.complain(Wrong::Duplicated, what);
            }
        }
        // Without faults it comes in time.
        if !self.plan.faults.is_empty() || !self.plan.operations.is_empty() {
            return;
        }
        for (_, note) in self.notes {
            let Note::Signalled { token } = note else { continue };
            if heard.get(token).is_some_and(|signals| signals.contains(&0)) {
                self.complain(Wrong::Lost, format!("the signal to {token} was not heard"));
            }
        }
    }
}

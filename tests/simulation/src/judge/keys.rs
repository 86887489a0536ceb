//! Unique keys: how many jobs they stand for, and that the last add of those that keep it runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Wrong};
use crate::{
    book::Note,
    plan::{Key, KeyRule, Kind, Operation},
};

impl<'a> Judge<'a> {
    fn key_of(&self, token: u32) -> Option<Key> {
        self.kind_of(token).and_then(|(_, order)| order.unique)
    }

    /// A unique key stands for one job that hasn't ended; of those that keep the last add, for one
    /// more, which doesn't run before.
    pub(super) fn check_unique_keys(&mut self) {
        let mut keys: BTreeMap<&str, Key> = BTreeMap::new();
        for (_, note) in self.notes {
            if let Note::Added { token, id, existed: false, .. } = note
                && let Some(key) = self.key_of(*token)
                // These run out while their jobs wait.
                && !matches!(key.rule, KeyRule::Lasting(_) | KeyRule::WhileUnfinished(_))
            {
                keys.insert(id, key);
            }
        }
        let mut holders: BTreeMap<u8, BTreeSet<&str>> = BTreeMap::new();
        let mut active: BTreeMap<u8, &str> = BTreeMap::new();
        let Some(ledger) = self.ledgers.get(Kind::Work.queue()) else { return };
        let events =
            ledger.events.iter().flat_map(|(_, kind, ids)| ids.iter().map(move |id| (kind, id)));
        for (kind, id) in events {
            let Some(key) = keys.get(id.as_str()) else { continue };
            let (number, held) = (key.number, holders.entry(key.number).or_default());
            let ends = ["completed", "failed", "cancelled", "removed"].contains(&kind.as_str());
            if ends {
                held.remove(id.as_str())
            } else {
                held.insert(id)
            };
            let most = match key.rule {
                KeyRule::KeepLast | KeyRule::Debounce(..) => 2,
                _ => 1,
            };
            if held.len() > most {
                let what = format!("the unique key {key:?} stands for {held:?}");
                self.complain(Wrong::Duplicated, what);
            }
            if kind == "active" {
                let other = active.insert(number, id).filter(|other| other != id);
                if let Some(other) = other {
                    let what = format!("{other} and {id} of the unique key {key:?} run at once");
                    self.complain(Wrong::Duplicated, what);
                }
            } else if active.get(&number) == Some(&id.as_str()) && kind != "progress" {
                active.remove(&number);
            }
        }
    }

    /// Of keys that keep the last add, that runs: if it is clear which one was the last, and nobody
    /// took its job away.
    pub(super) fn check_last_adds(&mut self) {
        if !self.lost.is_empty() || self.has_redriven() {
            return;
        }
        let mut ran = BTreeSet::new();
        // When the last add began, when another was last acknowledged, and which these are.
        let mut adds: BTreeMap<u8, Vec<Last>> = BTreeMap::new();
        for (at, note) in self.notes {
            match note {
                Note::Start { token, .. } => drop(ran.insert(*token)),
                Note::Intent { token } => {
                    if let Some(key) = self.key_of(*token) {
                        let last = Last { token: *token, began: *at, acknowledged: None };
                        adds.entry(key.number).or_default().push(last);
                    }
                }
                Note::Added { token, existed, replaced, .. } => {
                    let Some(key) = self.key_of(*token) else { continue };
                    let runs = !existed || *replaced;
                    let mut adds = adds.entry(key.number).or_default().iter_mut();
                    if let Some(add) = adds.find(|add| add.token == *token) {
                        add.acknowledged = Some((*at, runs));
                    }
                }
                _ => {}
            }
        }
        for adds in adds.into_values() {
            let Some((last, others)) = adds.split_last() else { continue };
            let is_last = |other: &Last| other.acknowledged.is_some_and(|(at, _)| at < last.began);
            let runs = last.acknowledged.is_some_and(|(_, runs)| runs);
            if !runs || !others.iter().all(is_last) || adds.iter().any(|add| self.is_touched(add)) {
                continue;
            }
            if !ran.contains(&last.token) {
                let what = format!("{} was the last add of its key, and never ran", last.token);
                self.complain(Wrong::Lost, what);
            }
        }
    }

    /// Whether the job of an add may have ended without a run.
    fn is_touched(&self, add: &Last) -> bool {
        let order = self.kind_of(add.token).map(|(_, order)| order);
        let ends = order.is_none_or(|order| order.ttl.is_some() || order.deadline.is_some());
        let takes = |operation: &Operation| matches!(operation, Operation::Remove(of) | Operation::Cancel(of, _) if *of == add.token);
        ends || self.plan.operations.iter().any(|it| takes(&it.what))
    }
}

/// An add of a key.
struct Last {
    token: u32,
    began: std::time::Duration,
    /// When, and whether its payload was taken.
    acknowledged: Option<(std::time::Duration, bool)>,
}

//! Schedules: each tick adds one job, none is left out that is to be made up for, and no job comes
//! while the last one stands in its way.

use std::collections::{BTreeMap, BTreeSet};

use jobqueue::schedule::{CatchUp, Overlap};

use super::{Judge, Wrong};
use crate::{
    book::Note,
    plan::{Kind, Operation},
    schedules::{self, OVERDUE},
};

/// A schedule is removed a moment after it was seen that none of its ticks is overdue by more than
/// [`OVERDUE`], in ms.
const MOMENT: i64 = 1_000;

impl Judge<'_> {
    /// By schedule.
    pub(super) fn check_ticks(&mut self) {
        let notes = self.notes;
        for (_, note) in notes {
            let Note::Unscheduled { schedule, at: removed } = note else { continue };
            let first = notes.iter().find_map(|(_, note)| match note {
                Note::Scheduled { schedule: of, first } if of == schedule => Some(*first),
                _ => None,
            });
            let Some(first) = first else { continue };
            let ticks = self.check_jobs_of(*schedule, *removed);
            self.check_each_tick(*schedule, &ticks, first, *removed);
        }
    }

    /// Each tick has one job, none comes after the end, and none too early. The ticks.
    fn check_jobs_of(&mut self, schedule: usize, removed: u64) -> BTreeSet<i64> {
        let (plan, prefix) = (self.plan, format!("{}:", schedules::id(schedule)));
        let overlaps = plan.schedules[schedule].overlap == Overlap::Allow
            || plan
                .operations
                .iter()
                .any(|it| matches!(it.what, Operation::RetryFailed(Kind::Tick)));
        let (mut added, mut open) = (BTreeMap::<i64, usize>::new(), BTreeSet::new());
        let mut found = Vec::new();
        let Some(ledger) = self.ledgers.get(Kind::Tick.queue()) else { return BTreeSet::new() };
        for (at, kind, ids) in &ledger.events {
            for id in ids.iter().filter(|id| id.starts_with(&prefix)) {
                let tick = id[prefix.len()..].parse().unwrap_or_default();
                match kind.as_str() {
                    "added" => {
                        *added.entry(tick).or_default() += 1;
                        if !overlaps && !open.is_empty() {
                            found.push((Wrong::Duplicated, format!("{id} came beside {open:?}")));
                        }
                        if *at > removed && !plan.jumps() {
                            found.push((Wrong::Invented, format!("{id} came after its end")));
                        }
                        open.insert(id);
                    }
                    "completed" | "failed" | "cancelled" | "removed" => drop(open.remove(id)),
                    _ => {}
                }
            }
        }
        for (tick, count) in added.iter().filter(|(_, count)| **count > 1) {
            found.push((Wrong::Duplicated, format!("tick {tick} of {prefix} added {count} jobs")));
        }
        for (wrong, what) in found {
            self.complain(wrong, what);
        }
        added.into_keys().collect()
    }

    /// None is missing, if each is to be made up for, or if nothing broke.
    fn check_each_tick(&mut self, of: usize, ticks: &BTreeSet<i64>, first: i64, removed: u64) {
        let schedule = &self.plan.schedules[of];
        let makes_up = matches!(schedule.catch_up, CatchUp::Within(_));
        if schedule.overlap != Overlap::Allow || !(makes_up || self.plan.faults.is_empty()) {
            return;
        }
        let every = i64::try_from(schedule.every).unwrap_or(i64::MAX);
        let removed = i64::try_from(removed).unwrap_or(i64::MAX);
        let mut tick = if makes_up { first } else { first + every };
        while tick < removed - OVERDUE - MOMENT {
            if !ticks.contains(&tick) {
                let what = format!("tick {tick} of {schedule:?} added no job, of {ticks:?}");
                return self.complain(Wrong::Lost, what);
            }
            tick += every;
        }
    }
}

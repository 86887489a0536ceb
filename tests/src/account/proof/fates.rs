//! The end of each job.

use std::collections::{HashMap, HashSet};

use super::{Audit, Wrong};
use crate::account::task::{Act, is_kept};

/// How a job stands between two entries of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Unknown,
    Ready,
    Active,
    Ended,
}

impl Audit<'_> {
    /// Every acknowledged job is in one place, or has ended once and was to be removed then;
    /// and every add made one job.
    pub(super) fn check_fates(&mut self) {
        for (token, id) in self.notes.added.clone() {
            let places = self.ledger.places.get(id).map_or(&[][..], Vec::as_slice);
            let ends = self.ends(id);
            match places.len() {
                0 if ends > 0 && !is_kept(token) => {}
                0 => self.complain(Wrong::Lost, format!("{id} ({token}) is nowhere, {ends} ends")),
                1 => {}
                _ => self.complain(Wrong::Duplicated, format!("{id} stands in {places:?}")),
            }
        }
        let mut ids: HashMap<&str, HashSet<&str>> = HashMap::new();
        let told = self.notes.tokens.iter().map(|(id, token)| (*token, *id));
        for (token, id) in told.chain(self.notes.added.iter().copied()) {
            ids.entry(token).or_default().insert(id);
        }
        for (token, ids) in ids.into_iter().filter(|(_, ids)| ids.len() > 1) {
            self.complain(Wrong::Duplicated, format!("{token} was added as {ids:?}"));
        }
        for (id, places) in &self.ledger.places {
            let Some(task) = self.ledger.tasks.get(id) else { continue };
            let other = match task.act {
                Act::Work | Act::Flaky => "failed",
                Act::Hopeless | Act::Panic => "completed",
            };
            if places.contains(&other) {
                self.complain(Wrong::Unsound, format!("{id} has {other}: {task:?}"));
            }
        }
    }

    fn ends(&self, id: &str) -> usize {
        let history = self.ledger.history.get(id).map_or(&[][..], Vec::as_slice);
        history.iter().filter(|kind| *kind == "completed" || *kind == "failed").count()
    }

    /// For each time that a job failed for good there is one dead letter, here or still on its way.
    pub(super) fn check_dead_letters(&mut self) {
        let ledger = self.ledger;
        let mut missing = 0;
        for (id, history) in &ledger.history {
            let failed = history.iter().filter(|kind| *kind == "failed").count();
            let found = ledger.dead_letters.get(id).copied().unwrap_or(0);
            if found > failed {
                let what = format!("{id} failed {failed} times, and has {found} dead letters");
                self.complain(Wrong::Duplicated, what);
            }
            missing += failed.saturating_sub(found) as u64;
        }
        if missing > ledger.effects {
            let what =
                format!("{missing} dead letters are missing, {} on their way", ledger.effects);
            self.complain(Wrong::Lost, what);
        }
        for id in ledger.dead_letters.keys().filter(|id| !ledger.history.contains_key(*id)) {
            self.complain(Wrong::Invented, format!("a dead letter of {id}, which nobody added"));
        }
    }

    /// The events of each job follow from earlier ones: it is settled only while it is active, and
    /// ends once.
    pub(super) fn check_histories(&mut self) {
        let ledger = self.ledger;
        for (id, history) in &ledger.history {
            let mut standing = Standing::Unknown;
            for kind in history {
                match follow(standing, kind) {
                    Ok(next) => standing = next,
                    Err(wrong) => {
                        self.complain(
                            wrong,
                            format!("{id} was {standing:?}, then {kind}: {history:?}"),
                        );
                        break;
                    }
                }
            }
        }
    }
}

fn follow(standing: Standing, kind: &str) -> Result<Standing, Wrong> {
    match (standing, kind) {
        (Standing::Unknown, "added")
        | (Standing::Ready, "waiting")
        | (
            Standing::Active,
            "retrying" | "released" | "suspended" | "waiting_children" | "stalled",
        ) => Ok(Standing::Ready),
        (Standing::Ready, "active") => Ok(Standing::Active),
        (Standing::Active, "completed" | "failed") => Ok(Standing::Ended),
        (Standing::Active | Standing::Ready, "cancelled") => Ok(Standing::Ended),
        (Standing::Unknown, _) => Err(Wrong::Invented),
        (_, "added" | "active") => Err(Wrong::Duplicated),
        (Standing::Ended, "completed" | "failed" | "cancelled") => Err(Wrong::Duplicated),
        _ => Err(Wrong::Unfenced),
    }
}

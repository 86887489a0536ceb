//! The end of each job.

use std::collections::BTreeMap;

use super::{Judge, Wrong};
use crate::{
    book::Note,
    ledger::Ledger,
    plan::{Kind, Operation},
};

/// How a job stands between two entries of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Unknown,
    Ready,
    Active,
    Ended,
    Removed,
}

impl Judge<'_> {
    /// Every acknowledged job is in one place, or has ended and was to be removed then.
    pub(super) fn check_fates(&mut self) {
        let mut ids: BTreeMap<u32, Vec<&String>> = BTreeMap::new();
        for (_, note) in self.notes {
            let Note::Added { token, id, existed, .. } = note else { continue };
            // A probe's isn't in the plan, and is judged by its start.
            let Some((kind, _)) = self.kind_of(*token) else { continue };
            if !existed {
                ids.entry(*token).or_default().push(id);
            }
            let ledger = &self.ledgers[kind.queue()];
            let places = ledger.places.get(id).map_or(&[][..], Vec::as_slice);
            let gone = ["completed", "failed", "cancelled", "removed"];
            let has_gone = ledger
                .events
                .iter()
                .any(|(_, event, ids)| gone.contains(&event.as_str()) && ids.contains(id));
            if places.is_empty() && !has_gone && !self.is_excused(id) {
                let what = format!("{id} ({token}, {kind:?}) is nowhere, and never ended");
                self.complain(Wrong::Lost, what);
            }
        }
        for (token, ids) in ids.into_iter().filter(|(_, ids)| ids.len() > 1) {
            self.complain(Wrong::Duplicated, format!("{token} was added as {ids:?}"));
        }
    }

    /// The events of each job follow from earlier ones: it is settled only while it is active, and
    /// ends once.
    pub(super) fn check_histories(&mut self) {
        let redriven = self.has_redriven();
        for (queue, ledger) in self.ledgers {
            for (id, history) in ledger.histories() {
                // What a home says of its flows and their nodes, which are jobs of other queues.
                let of_flows = |kind: &&str| *kind == "flow" || kind.starts_with("node_");
                let history: Vec<&str> =
                    history.into_iter().filter(|kind| !of_flows(kind)).collect();
                // A flow whose start was lost is started again, and its nodes with it: see
                // `lua/job/expect.lua`. One whose end was lost ends again, and so follows what follows.
                let again = redriven || (!self.lost.is_empty() && is_of_flow(id));
                let mut standing = Standing::Unknown;
                for kind in &history {
                    match follow(standing, kind, again) {
                        Ok(next) => standing = next,
                        Err(wrong) => {
                            let what = format!(
                                "{id} of {queue} was {standing:?}, then {kind}: {history:?}"
                            );
                            self.complain(wrong, what);
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Whether dead letters were sent back: a job that finds its place taken arrives as failed.
    pub(super) fn has_redriven(&self) -> bool {
        self.plan.operations.iter().any(|it| matches!(it.what, Operation::Redrive))
    }

    /// A message that was published has one copy in the queue that is bound.
    pub(super) fn check_messages(&mut self) {
        if !self.lost.is_empty() {
            return;
        }
        let mut copies: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (_, note) in self.notes {
            if let Note::Start { token, id, kind: Kind::Publish, .. } = note {
                let ids = copies.entry(*token).or_default();
                if !ids.contains(&id.as_str()) {
                    ids.push(id);
                }
            }
        }
        for (_, note) in self.notes {
            let Note::Published { token, targets } = note else { continue };
            let found = copies.get(token).map_or(0, Vec::len);
            // Before the first worker has bound the queue there is none.
            if found < *targets {
                self.complain(Wrong::Lost, format!("message {token} has no copy that ran"));
            }
        }
        for (token, ids) in copies.iter().filter(|(_, ids)| ids.len() > 1) {
            self.complain(Wrong::Duplicated, format!("message {token} came as {ids:?}"));
        }
    }

    /// What had to go to another queue went there, once.
    pub(super) fn check_effects(&mut self) {
        for (queue, ledger) in self.ledgers {
            if ledger.effects > 0 {
                self.complain(
                    Wrong::Stuck,
                    format!("{} effects are left in {queue}", ledger.effects),
                );
            }
        }
        if !self.lost.is_empty() || self.has_redriven() {
            return;
        }
        let count = |queue, kind| self.ledgers.get(queue).map_or(0, |it: &Ledger| it.count(kind));
        let (failed, letters) =
            (count("work", "failed") + count("hand", "failed"), count("dead", "added"));
        let wrong = if letters < failed { Wrong::Lost } else { Wrong::Duplicated };
        if letters != failed {
            self.complain(wrong, format!("{failed} jobs failed, and {letters} dead letters came"));
        }
    }
}

/// Whether it is the job of a node, or follows from a batch.
fn is_of_flow(id: &str) -> bool {
    ["@", ".success", ".complete", ".death"].iter().any(|end| id.ends_with(end))
}

fn follow(standing: Standing, kind: &str, redriven: bool) -> Result<Standing, Wrong> {
    match (standing, kind) {
        (_, "progress") | (Standing::Ready, "replaced") => Ok(standing),
        (Standing::Unknown, "added")
        | (Standing::Ready, "waiting" | "delayed")
        | (Standing::Ended, "waiting")
        | (
            Standing::Active,
            "retrying" | "released" | "suspended" | "waiting_children" | "stalled",
        ) => Ok(Standing::Ready),
        // Its dead letter came back, to a place that another job has taken.
        (Standing::Ended | Standing::Removed, "failed") if redriven => Ok(Standing::Ended),
        // Its dead letter came back.
        (Standing::Ended | Standing::Removed, "added") if redriven => Ok(Standing::Ready),
        (Standing::Ready, "active") => Ok(Standing::Active),
        (Standing::Active, "completed" | "failed") => Ok(Standing::Ended),
        (Standing::Ready | Standing::Active, "cancelled") => Ok(Standing::Ended),
        (Standing::Ready | Standing::Ended, "removed") => Ok(Standing::Removed),
        (Standing::Unknown, _) => Err(Wrong::Invented),
        (_, "added" | "active") => Err(Wrong::Duplicated),
        (Standing::Ended, "completed" | "failed" | "cancelled") => Err(Wrong::Duplicated),
        _ => Err(Wrong::Unfenced),
    }
}

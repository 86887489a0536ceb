//! Runs at most once: the job is settled first, and only when that is confirmed does its run start.
//!
//! Such a run holds no job: there is no lease on it, and no failure of its worker makes it run
//! again.

use std::collections::{HashMap, HashSet};

use super::pending::Pending;
use crate::{
    hashing::RandomState,
    job::{JobId, Keep, Transition},
    settle::unheard,
    worker::run::Run,
};

/// Runs that start when their jobs have been settled.
#[derive(Default)]
pub(super) struct AwaitingRuns(HashMap<JobId, Run, RandomState>);

impl AwaitingRuns {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many slots they take: a batch one.
    pub(super) fn slots(&self) -> usize {
        let batch = |run: &Run| run.seat.as_ref().map(|seat| seat.batch());
        let batches: HashSet<u64> = self.0.values().filter_map(batch).collect();
        batches.len() + self.0.values().filter(|run| run.seat.is_none()).count()
    }

    /// Has a job settled by the next call. Its run waits for that.
    pub(super) fn await_settlement(&mut self, run: Run, pending: &mut Pending) {
        let id = run.ctx.id().clone();
        // It isn't known yet how the run will end, so there is no outcome to keep.
        let end = Transition::Completed { keep: Keep::NONE, outcome: Vec::new() };
        let effects = unheard(&id, run.ctx.record().options.reply_to.as_ref());
        pending.push_with(id.clone(), end, effects.into_iter().collect());
        self.0.insert(id, run);
    }

    /// A call has settled a job. Its run, if it has waited for that.
    pub(super) fn settled(&mut self, id: &JobId) -> Option<Run> {
        // In most workers no job runs at most once, and then this costs nothing.
        if self.0.is_empty() { None } else { self.0.remove(id) }
    }

    /// Gives back the jobs of all waiting runs. Between turns no call is settling them.
    pub(super) fn release(&mut self, pending: &mut Pending) {
        let runs = std::mem::take(&mut self.0);
        if !runs.is_empty() {
            pending.release_instead(|id| runs.contains_key(id));
        }
    }

    /// Drops runs whose jobs are no longer held, and answers the jobs: they were settled by a call
    /// whose answer was lost, or other workers have them. Either way the run must not start.
    pub(super) fn prune(&mut self, is_current: impl Fn(&JobId, u64) -> bool) -> Vec<JobId> {
        let pruned = self.0.extract_if(|id, run| !is_current(id, run.number));
        pruned.map(|(id, _)| id).collect()
    }
}

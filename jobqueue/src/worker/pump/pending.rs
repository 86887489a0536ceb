//! Settlements that the next call tells Redis.

use std::{collections::HashSet, time::Duration};

use crate::{
    job::{Counts, Effect, JobId, JobName, Settlement, Transition},
    settle::Decision,
    store::chunks,
};

/// What the next call tells Redis.
#[derive(Debug, Default)]
pub(super) struct Pending {
    settlements: Vec<Settlement>,
    /// For how long the next call throttles the queue.
    throttle: Duration,
}

/// What one call tells Redis.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) settlements: Vec<Settlement>,
    pub(super) throttle: Duration,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.settlements.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.settlements.is_empty() && self.throttle.is_zero()
    }

    pub(super) fn ids(&self) -> HashSet<JobId> {
        self.settlements.iter().map(|settlement| settlement.id.clone()).collect()
    }

    pub(super) fn push(&mut self, id: JobId, end: Transition) {
        self.push_with(id, end, Vec::new());
    }

    /// With what follows elsewhere.
    pub(super) fn push_with(&mut self, id: JobId, end: Transition, effects: Vec<Effect>) {
        self.settlements.push(Settlement { id, end, effects });
    }

    pub(super) fn conclude(&mut self, id: JobId, decision: Decision) {
        self.throttle = self.throttle.max(decision.throttle);
        self.settlements.push(decision.into_settlement(id));
    }

    /// Gives a job back to its own place in the queue, and counts no attempt.
    pub(super) fn release(&mut self, id: JobId) {
        self.push(id, RELEASED);
    }

    /// Gives back a job that could not start: to its own place, or behind its handler's limit.
    pub(super) fn put_back_unstarted(&mut self, id: JobId, lane: Option<JobName>) {
        self.push(id, Transition::Unstarted { lane });
    }

    /// Gives back these jobs, whose settlements say something else. They have not started.
    pub(super) fn release_instead(&mut self, is_released: impl Fn(&JobId) -> bool) {
        for settlement in &mut self.settlements {
            if is_released(&settlement.id) {
                settlement.end = Transition::Unstarted { lane: None };
                settlement.effects.clear();
            }
        }
    }

    /// Drops settlements of jobs that are no longer held.
    pub(super) fn keep(&mut self, held: &HashSet<JobId>) {
        self.settlements.retain(|settlement| held.contains(&settlement.id));
    }

    /// Takes as much as fits into one call.
    pub(super) fn take_batch(&mut self) -> Batch {
        let count = chunks(&self.settlements, Settlement::size).next().map_or(0, <[_]>::len);
        let mut later = self.settlements.split_off(count);
        // The next turn most likely settles as many.
        later.reserve(count);
        let settlements = std::mem::replace(&mut self.settlements, later);
        Batch { settlements, throttle: std::mem::take(&mut self.throttle) }
    }

    /// Puts back what a call may not have told.
    pub(super) fn put_back(&mut self, batch: Batch) {
        self.settlements.splice(..0, batch.settlements);
        self.throttle = self.throttle.max(batch.throttle);
    }
}

const RELEASED: Transition =
    Transition::Released { delay: Duration::ZERO, counts: Counts::Nothing };

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{job::Keep, store::MAX_BATCH};

    fn completed() -> Transition {
        Transition::Completed { keep: Keep::NONE, outcome: Vec::new() }
    }

    fn filled(jobs: usize) -> (Pending, Vec<JobId>) {
        let ids: Vec<JobId> = (0..jobs).map(|_| JobId::generate()).collect();
        let mut pending = Pending::default();
        ids.iter().for_each(|id| pending.push(id.clone(), completed()));
        (pending, ids)
    }

    fn order(pending: &Pending) -> Vec<JobId> {
        pending.settlements.iter().map(|settlement| settlement.id.clone()).collect()
    }

    #[test]
    fn a_call_takes_what_fits_and_a_lost_one_changes_nothing() {
        let (mut pending, ids) = filled(MAX_BATCH + 1);
        pending.throttle = Duration::from_secs(2);
        let batch = pending.take_batch();
        assert_eq!((batch.settlements.len(), pending.len()), (MAX_BATCH, 1));
        assert!(pending.throttle.is_zero(), "only one call throttles");
        pending.throttle = Duration::from_secs(1);
        pending.put_back(batch);
        assert_eq!(order(&pending), ids, "in the order of before");
        assert_eq!(pending.throttle, Duration::from_secs(2), "the longer one");
    }

    #[test]
    fn a_throttle_alone_is_worth_a_call() {
        let mut pending = Pending::default();
        assert!(pending.is_empty());
        pending.throttle = Duration::from_secs(1);
        assert!(!pending.is_empty());
    }

    #[test]
    fn a_job_that_is_lost_is_not_settled() {
        let (mut pending, ids) = filled(3);
        pending.keep(&HashSet::from([ids[1].clone()]));
        assert_eq!(order(&pending), [ids[1].clone()]);
    }

    #[test]
    fn a_release_replaces_what_was_to_be_told() {
        let (mut pending, ids) = filled(2);
        pending.release_instead(|id| *id == ids[0]);
        let ends: Vec<bool> = pending
            .settlements
            .iter()
            .map(|settlement| matches!(settlement.end, Transition::Unstarted { .. }))
            .collect();
        assert_eq!(ends, [true, false]);
    }
}

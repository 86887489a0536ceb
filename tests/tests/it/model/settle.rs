//! How runs end.

use super::{
    queue::{Place, Queue},
    request::{Block, ERRORS_KEPT, Turn, ended, signed},
};

impl Queue {
    /// All that a turn settles, or an acknowledgement.
    pub(super) fn settle(&mut self, turn: &Turn) {
        for block in &turn.ended {
            self.end(block);
        }
        self.retried(&turn.retried);
        self.released(&turn.released);
        for (id, error) in &turn.errors {
            let errors = &mut self.job(id).errors;
            errors.insert(0, error.clone());
            errors.truncate(ERRORS_KEPT);
        }
        for block in turn.ended.iter().filter(|block| block.keep.count != 0) {
            self.trim(block);
        }
    }

    fn end(&mut self, block: &Block) {
        let ids: Vec<String> = block.jobs.iter().map(|(id, _)| id.clone()).collect();
        if block.keep.count == 0 {
            self.forget(&ids);
        }
        for (id, outcome) in block.jobs.iter().filter(|_| block.keep.count != 0) {
            self.release_key(id);
            let place = Place::ended(block.failed, self.now);
            let job = self.job(id);
            (job.place, job.outcome, job.expires) = (place, Some(outcome.clone()), None);
        }
        self.add_to_total(ended(block.failed), ids.len());
        self.event(ended(block.failed), &ids);
    }

    /// Keeps the newest and the youngest.
    fn trim(&mut self, block: &Block) {
        let state = ended(block.failed);
        if block.keep.age >= 0 {
            let mut old = self.ids_in(state);
            old.retain(|id| self.jobs[id].place.score() <= self.now - block.keep.age);
            self.forget(&old);
        }
        if let Ok(count) = usize::try_from(block.keep.count) {
            let kept = self.ids_in(state);
            self.forget(&kept[..kept.len().saturating_sub(count)]);
        }
    }

    fn retried(&mut self, retried: &[(String, u32, u64)]) {
        for (id, attempt, delay) in retried {
            let place = match delay {
                0 => self.ready(self.jobs[id].priority, self.now),
                _ => Place::Delayed { due: self.now + signed(*delay) },
            };
            let job = self.job(id);
            (job.place, job.attempts) = (place, Some(*attempt));
        }
        self.event_of("retrying", retried.iter().map(|(id, ..)| id));
    }

    fn released(&mut self, released: &[(String, u64, Option<u32>)]) {
        let now = self.now;
        for (id, delay, misses) in released {
            let job = self.job(id);
            job.place = match (&job.place, delay) {
                (Place::Active { rank, .. }, 0) => Place::Waiting { rank: *rank },
                _ => Place::Delayed { due: now + signed(*delay) },
            };
            job.misses = misses.or(job.misses);
        }
        self.event_of("released", released.iter().map(|(id, ..)| id));
    }

    /// An event, if it is of any job.
    pub(super) fn event_of<'a>(
        &mut self,
        kind: &'static str,
        ids: impl Iterator<Item = &'a String>,
    ) {
        let ids: Vec<String> = ids.cloned().collect();
        if !ids.is_empty() {
            self.event(kind, &ids);
        }
    }
}

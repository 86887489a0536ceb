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
        self.released(turn);
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

    fn released(&mut self, turn: &Turn) {
        let now = self.now;
        for (id, delay, misses) in &turn.released {
            let job = self.job(id);
            job.place = match (&job.place, delay) {
                (Place::Active { rank, .. }, 0) => Place::at(*rank),
                _ => Place::Delayed { due: now + signed(*delay) },
            };
            job.misses = misses.or(job.misses);
        }
        let expiring = self.meta.contains_key("expiring");
        for (id, lane) in &turn.unstarted {
            let job = self.job(id);
            if let Place::Active { rank, .. } = job.place {
                job.place = Place::Waiting { rank, lane: lane.clone() };
            }
            // It may expire again.
            job.expires = job.expires.map(|at| if expiring && at < -1 { -at } else { at });
        }
        let released = turn.released.iter().map(|(id, ..)| id);
        self.event_of("released", released.chain(turn.unstarted.iter().map(|(id, _)| id)));
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

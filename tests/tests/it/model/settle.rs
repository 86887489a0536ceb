//! How runs end.

use super::{
    queue::{Place, Pool, Queue},
    request::{Block, ERRORS_KEPT, Turn, ended, signed},
};

impl Queue {
    /// All that a turn settles, or an acknowledgement. `marked` jobs end as cancelled.
    pub(super) fn settle(&mut self, turn: &Turn, marked: &[String]) {
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
        self.end_marked(marked);
    }

    fn end(&mut self, block: &Block) {
        let ids: Vec<String> = block.jobs.iter().map(|(id, _)| id.clone()).collect();
        if block.keep.count == 0 {
            self.forget(&ids);
        }
        let pool = self.pool(block);
        for (id, outcome) in block.jobs.iter().filter(|_| block.keep.count != 0) {
            self.release_key(id);
            let place = Place::ended(block.failed, self.now);
            let job = self.job(id);
            (job.place, job.outcome, job.expires) = (place, Some(outcome.clone()), None);
            job.mark = None;
            job.pool = pool;
        }
        self.add_to_total(ended(block.failed), ids.len());
        self.event(ended(block.failed), &ids);
    }

    /// The pool of ended jobs, which has no set as long as it is the only one of its state. The
    /// first has none for what ended before there were others.
    fn pool(&mut self, block: &Block) -> Pool {
        let (state, name) = (ended(block.failed), block.keep.pool);
        if block.keep.count == 0 {
            return Pool::default();
        }
        let field = if block.failed { "failed_of" } else { "completed_of" };
        let of = self.meta.get(field).map_or("=", String::as_str).to_owned();
        let (since, owner) = of.split_once('=').expect("a time and a name");
        let there = self.ids_in(state);
        if since.is_empty() && owner != name && there.is_empty() {
            self.meta.insert(field, format!("={name}"));
        } else if since.is_empty() && owner != name {
            self.meta.insert(field, format!("{}={owner}", self.now));
            for id in there {
                if self.jobs[&id].place.score() == self.now {
                    self.job(&id).pool.is_noted = true;
                    self.pools.insert(format!("{state}:{owner}"));
                }
            }
        }
        let is_noted = !self.meta.get(field).is_none_or(|of| of.starts_with('='));
        if is_noted {
            self.pools.insert(format!("{state}:{name}"));
        }
        Pool { name, is_noted }
    }

    /// The kept jobs of a pool, the oldest first.
    fn in_pool(&self, block: &Block) -> Vec<String> {
        let mut kept = self.ids_in(ended(block.failed));
        kept.retain(|id| self.jobs[id].pool.name == block.keep.pool);
        kept
    }

    /// Keeps the newest and the youngest.
    fn trim(&mut self, block: &Block) {
        if block.keep.age >= 0 {
            let mut old = self.in_pool(block);
            old.retain(|id| self.jobs[id].place.score() <= self.now - block.keep.age);
            self.forget(&old);
        }
        if let Ok(count) = usize::try_from(block.keep.count) {
            let kept = self.in_pool(block);
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
            (job.place, job.attempts, job.since) = (place, Some(*attempt), None);
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
            // It may expire again, and somebody must know when.
            let expires = expiring && job.expires.is_some_and(|at| at < -1);
            job.expires = job.expires.map(|at| if expires { -at } else { at });
            self.token |= expires;
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

//! The calls of workers other than turns.

use redis::Value;

use super::{
    queue::{Answer, Job, Place, Queue},
    reply::{number, texts},
    request::{Join, signed},
    turn::SLEEP,
};

impl Queue {
    pub(super) fn join(&mut self, join: &Join) -> Value {
        let again = self.workers.contains_key(&join.worker);
        self.workers.remove(&join.former);
        for job in self.jobs.values_mut() {
            job.rename(&join.former, &join.worker);
        }
        self.mark_layout();
        self.workers.insert(join.worker.clone(), self.now + signed(join.lease));
        self.unheard.remove(&join.worker);
        let rate = self.limit_by_code("rate", "rate_by", &join.rate);
        let active = self.limit_by_code("active", "active_by", &join.active);
        self.token |= (rate || active) && self.any_soon();
        let (kept, unknown): (Vec<_>, Vec<_>) =
            self.held_by(&join.worker).into_iter().partition(|id| join.known.contains(id));
        if !again && !unknown.is_empty() {
            let unknown = self.without_cancelled(&unknown);
            self.hand_back(&unknown);
            self.event_of("released", unknown.iter());
            self.token = true;
        }
        texts(kept)
    }

    /// A limit set in code gives way to an operator's. Whether it has changed.
    fn limit_by_code(&mut self, field: &'static str, by: &str, value: &str) -> bool {
        let found = self.meta.get(field).map_or("", String::as_str);
        if value == "-" || self.meta.contains_key(by) || found == value {
            return false;
        }
        self.put(field, value);
        self.begin_rate_anew(field);
        true
    }

    /// An empty value clears a field.
    pub(super) fn put(&mut self, field: &'static str, value: &str) {
        if value.is_empty() {
            self.meta.remove(field);
        } else {
            self.meta.insert(field, value.to_owned());
        }
    }

    pub(super) fn begin_rate_anew(&mut self, changed: &str) {
        if changed == "rate" {
            self.meta.remove("tat");
            self.meta.remove("turn");
        }
    }

    pub(super) fn heartbeat(&mut self, worker: &str, lease: u64, heard: bool) -> Answer {
        let Some(deadline) = self.workers.get_mut(worker) else {
            return Err("LEASELOST the worker is not known, or its lease ran out".to_owned());
        };
        *deadline = self.now + signed(lease);
        if heard {
            self.unheard.remove(worker);
        }
        Ok(self.marked_of(worker))
    }

    pub(super) fn leave(&mut self, worker: &str) -> Value {
        let all = self.held_by(worker);
        // The script says so in this order.
        let others = |id: &&String| self.jobs[*id].mark.is_none();
        let ids: Vec<String> = all.iter().filter(others).cloned().collect();
        self.hand_back(&ids);
        self.event_of("released", ids.iter());
        self.end_marked(&all);
        self.workers.remove(worker);
        self.token |= self.needs_successor();
        number(all.len())
    }

    /// A worker looks no more.
    pub(super) fn hand_over(&mut self, worker: &str) -> Value {
        self.end_turn(worker, true);
        let any = self.needs_successor();
        self.token |= any;
        number(u8::from(any))
    }

    /// Whether a job waits, or one falls due, expires or is taken back while others sleep.
    pub(super) fn needs_successor(&self) -> bool {
        let soon = self.now + SLEEP;
        let expires =
            self.jobs.values().filter_map(|job| job.expires).any(|at| (0..=soon).contains(&at));
        let due = self.next_due().is_some_and(|due| due <= soon);
        self.any_waits() || due || expires || self.workers.values().any(|at| *at <= soon)
    }

    pub(super) fn progress(&mut self, worker: &str, id: &str, value: &str) -> Answer {
        self.must_hold(worker, id)?;
        self.job(id).progress = Some(value.to_owned());
        self.event_with(vec![("progress", id.to_owned()), ("value", value.to_owned())]);
        Ok(number(1))
    }

    pub(super) fn log(&mut self, worker: &str, id: &str, keep: usize, lines: &[String]) -> Answer {
        self.must_hold(worker, id)?;
        let log = &mut self.job(id).log;
        log.extend_from_slice(lines);
        log.drain(..log.len().saturating_sub(keep));
        Ok(number(log.len()))
    }

    fn must_hold(&self, worker: &str, id: &str) -> Result<(), String> {
        let holds = self.held_by(worker).iter().any(|held| held == id);
        holds
            .then_some(())
            .ok_or_else(|| "LEASELOST the worker no longer holds this job".to_owned())
    }
}

impl Job {
    fn rename(&mut self, former: &str, name: &str) {
        if let Place::Active { worker, .. } = &mut self.place
            && worker == former
        {
            name.clone_into(worker);
        }
    }
}

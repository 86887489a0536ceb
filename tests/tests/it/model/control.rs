//! The operations of operators.

use redis::Value;

use super::{
    queue::{Answer, Claim, PARKED, Place, Queue},
    reply::{number, text},
    request::{Due, signed},
    turn::SLEEP,
    workers::DEAD_LETTERED,
};

impl Queue {
    /// The job's state; nothing for one that isn't there.
    fn state(&self, id: &str) -> Option<&'static str> {
        self.jobs.get(id).map(|job| job.place.state())
    }

    pub(super) fn promote(&mut self, id: &str) -> Answer {
        if self.state(id) != Some("delayed") {
            return self.wrong_state(id);
        }
        if self.delay_successor(id, self.now) {
            return Ok(number(1));
        }
        let place = self.ready(self.jobs[id].priority, self.now);
        self.postpone(id, self.now);
        self.job(id).place = place;
        self.event("waiting", &[id.to_owned()]);
        self.token = true;
        Ok(number(1))
    }

    pub(super) fn delay(&mut self, id: &str, due: Due) -> Answer {
        if self.state(id) != Some("delayed") {
            return self.wrong_state(id);
        }
        let due = due.ms(self.now);
        if !self.delay_successor(id, due) {
            self.postpone(id, due);
            self.job(id).place = Place::Delayed { due };
        }
        self.event("delayed", &[id.to_owned()]);
        self.token |= due <= self.now + SLEEP;
        Ok(number(1))
    }

    /// Changes when a job is due that runs after another; answers whether it is one.
    fn delay_successor(&mut self, id: &str, due: i64) -> bool {
        if self.jobs[id].place != (Place::Delayed { due: PARKED }) {
            return false;
        }
        let key = self.jobs[id].unique.clone().expect("it waits for a key");
        let claim = self.claims.get_mut(&key).expect("another has it");
        let successor = claim.successor.as_mut().expect("it is that");
        assert_eq!(successor.id, id);
        successor.due = due;
        true
    }

    pub(super) fn holder(&self, key: &str) -> Value {
        let claim = self.claims.get(key);
        let next = claim.and_then(|claim| claim.successor.as_ref());
        Value::Array(vec![
            text(claim.map_or("", |claim| &claim.id)),
            text(next.map_or("", |next| &next.id)),
        ])
    }

    pub(super) fn let_go(&mut self, key: &str) -> Value {
        let Some(id) = self.claims.get(key).map(|claim| claim.id.clone()) else {
            return number(0);
        };
        if let Some(job) = self.jobs.get_mut(&id) {
            job.unique = None;
        }
        self.pass_on(key);
        number(1)
    }

    /// The time that a delayed job may wait moves along with when it is due.
    fn postpone(&mut self, id: &str, due: i64) {
        let job = self.job(id);
        let by = due - job.place.score();
        job.expires = job.expires.map(|at| if at < 0 { at } else { at + by });
        job.due_since(due);
    }

    pub(super) fn set_priority(&mut self, id: &str, priority: i64) -> Answer {
        let (step, now) = (self.step(), self.now);
        match self.jobs.get_mut(id) {
            None => return self.wrong_state(id),
            Some(job) => match &mut job.place {
                Place::Completed { .. } | Place::Failed { .. } | Place::Cancelled { .. } => {
                    return self.wrong_state(id);
                }
                Place::Waiting { rank, .. } => {
                    // Of another priority or aging, it doesn't say when the job became ready.
                    let ms = *rank - (job.priority + 1024) * step;
                    let ms = if (0..=now).contains(&ms) { ms } else { now };
                    *rank = (priority + 1024) * step + ms;
                }
                Place::Delayed { .. } | Place::Active { .. } => {}
            },
        }
        self.job(id).priority = priority;
        Ok(number(1))
    }

    pub(super) fn remove(&mut self, ids: &[String]) -> Value {
        let (mut there, mut words): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
        for id in ids {
            words.push(match self.state(id) {
                Some("active") => "active",
                Some(_) if !there.contains(id) => {
                    there.push(id.clone());
                    "removed"
                }
                _ => "-",
            });
        }
        self.forget(&there);
        self.event_of("removed", there.iter());
        text(words.join(" "))
    }

    pub(super) fn retry(&mut self, id: &str) -> Answer {
        if !matches!(self.state(id), Some("completed" | "failed" | "cancelled")) {
            return self.wrong_state(id);
        }
        if self.is_elsewhere(id) {
            return Err("DEADLETTER its dead letter waits elsewhere".to_owned());
        }
        if let Some(holder) = self.claim_again(id) {
            return Err(format!("KEYHELD {holder}"));
        }
        self.again(&[id.to_owned()]);
        Ok(number(1))
    }

    pub(super) fn retry_failed(&mut self, most: usize, skip: usize) -> Value {
        let failed = self.ids_in("failed");
        let ids: Vec<String> = failed.into_iter().skip(skip).take(most).collect();
        let (mut free, all) = (Vec::new(), ids.len());
        for id in ids {
            if !self.is_elsewhere(&id) && self.claim_again(&id).is_none() {
                free.push(id);
            }
        }
        if !free.is_empty() {
            self.again(&free);
        }
        Value::Array(vec![number(free.len()), number(all - free.len())])
    }

    /// Whether the job's dead letter was written, from where it comes back.
    fn is_elsewhere(&self, id: &str) -> bool {
        self.jobs[id].outcome.as_ref().is_some_and(|it| it.starts_with(DEAD_LETTERED))
    }

    /// Takes the job's key again; answers who has it, if that is another.
    fn claim_again(&mut self, id: &str) -> Option<String> {
        let key = self.jobs[id].unique.clone()?;
        match self.claims.get(&key) {
            Some(claim) if claim.id != id => return Some(claim.id.clone()),
            Some(_) => {}
            None => {
                let claim =
                    Claim { id: id.to_owned(), lapses: None, latest: None, successor: None };
                self.claims.insert(key, claim);
            }
        }
        None
    }

    fn again(&mut self, ids: &[String]) {
        for id in ids {
            let (place, since) = (self.behind(self.jobs[id].priority, id), Some(self.now));
            let job = self.job(id);
            (job.place, job.since) = (place, since);
            (job.outcome, job.attempts, job.stalls, job.misses) = (None, None, None, None);
        }
        self.event("waiting", ids);
        self.token = true;
    }

    pub(super) fn clean(&mut self, state: &str, age: u64, most: usize) -> Value {
        let mut ids = self.ids_in(state);
        ids.retain(|id| self.jobs[id].place.score() <= self.now - signed(age));
        ids.truncate(most);
        self.forget(&ids);
        self.event_of("removed", ids.iter());
        number(ids.len())
    }

    pub(super) fn drain(&mut self, delayed: bool) -> Value {
        let mut ids = self.ids_in("waiting");
        if ids.is_empty() && delayed {
            ids = self.ids_in("delayed");
        }
        self.forget(&ids);
        self.event_of("removed", ids.iter());
        number(ids.len())
    }

    pub(super) fn pause(&mut self) -> Answer {
        self.known()?;
        if self.meta.contains_key("paused") {
            return Ok(number(0));
        }
        self.meta.insert("paused", "1".to_owned());
        self.event("paused", &[String::new()]);
        Ok(number(1))
    }

    /// A queue that doesn't exist is neither paused nor resumed.
    fn known(&self) -> Result<(), String> {
        let known = self.meta.contains_key("layout");
        known.then_some(()).ok_or_else(|| "NOQUEUE the queue does not exist".to_owned())
    }

    pub(super) fn resume(&mut self) -> Answer {
        self.known()?;
        if self.meta.remove("paused").is_none() {
            return Ok(number(0));
        }
        self.event("resumed", &[String::new()]);
        self.token |= self.any_waits() || self.next_due().is_some();
        Ok(number(1))
    }

    pub(super) fn obliterate(&mut self, force: bool) -> Answer {
        let active = self.ids_in("active").len();
        if active > 0 && !force {
            return Err(format!("HASACTIVE {active}"));
        }
        // Keys that stand for jobs for a time lapse by themselves, and so do the producers'.
        let mut claims = std::mem::take(&mut self.claims);
        // Those that go with a job go now.
        let known = |key: &String, claim: &Claim| {
            self.jobs.get(&claim.id).is_some_and(|job| job.unique.as_ref() == Some(key))
        };
        claims.retain(|key, claim| claim.lapses.is_some() && !known(key, claim));
        let producers = std::mem::take(&mut self.producers);
        *self = Self { now: self.now, claims, producers, ..Self::new() };
        Ok(number(0))
    }

    /// All ranks have one scale, also if that was another until now.
    fn rerank(&mut self, former: i64) {
        let (step, now) = (self.step(), self.now);
        if step == former {
            return;
        }
        for job in self.jobs.values_mut() {
            if let Place::Waiting { rank, .. } | Place::Active { rank, .. } = &mut job.place {
                let ms = *rank - (job.priority + 1024) * former;
                let ms = if (0..=now).contains(&ms) { ms } else { now };
                *rank = (job.priority + 1024) * step + ms;
            }
        }
    }

    pub(super) fn set_limit(&mut self, field: &'static str, value: &str) -> Value {
        self.mark_layout();
        let step = self.step();
        let by = match field {
            "rate" => "rate_by",
            "active" => "active_by",
            "max_length" => "max_length_by",
            "aging" => "aging_by",
            "ttl" => "ttl_by",
            _ => "events_by",
        };
        // Without a limit, too, it is an operator's, until it is given back to the code.
        let given_back = value == "-";
        self.put(field, if given_back { "" } else { value });
        self.put(by, if given_back { "" } else { "operator" });
        self.begin_rate_anew(field);
        self.rerank(step);
        self.token |= self.any_soon();
        number(1)
    }

    /// Whether a job waits, or falls due before idle workers look by themselves.
    pub(super) fn any_soon(&self) -> bool {
        self.any_waits() || self.next_due().is_some_and(|due| due <= self.now + SLEEP)
    }
}

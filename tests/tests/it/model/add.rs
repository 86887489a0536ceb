//! Adding.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;

use super::{
    queue::{Answer, Claim, Job, Place, Pool, Queue},
    reply::{number, text},
    request::{NewJob, Try, signed},
    turn::SLEEP,
};

/// Records up to this size are not noted; see `Bench`.
pub(super) const SMALL: usize = 20;

impl Queue {
    /// A call is carried out once: by whichever of its tries comes first.
    pub(super) fn add(&mut self, attempt: Try, look: bool, jobs: &[NewJob]) -> Answer {
        match self.producers.get(&attempt.producer) {
            Some((newest, answer)) if *newest == attempt.number => return Ok(answer.clone()),
            Some((newest, _)) if *newest > attempt.number => return Ok(Value::Array(Vec::new())),
            _ => {}
        }
        let answer = match self.add_new(look, jobs) {
            Err(full) if attempt.resend => {
                let words: Vec<i64> =
                    full.split(' ').filter_map(|word| word.parse().ok()).collect();
                let [cap, length] = words[..] else { panic!("{full}") };
                let room = (cap - length).max(0);
                Value::Array(vec![number(0), text(format!("refuse {room} {cap} "))])
            }
            answer => answer?,
        };
        self.producers.insert(attempt.producer, (attempt.number, answer.clone()));
        Ok(answer)
    }

    fn add_new(&mut self, look: bool, jobs: &[NewJob]) -> Answer {
        let twins = self.twins(look, jobs);
        let list = twins.iter().flat_map(|(index, id)| [number(index + 1), text(id)]).collect();
        let answer = Value::Array(list);
        let fresh = jobs.len() - twins.len();
        if fresh == 0 {
            return Ok(answer);
        }
        let length = self.ids_in("waiting").len() + self.ids_in("delayed").len();
        if let Some(cap) = self.meta.get("max_length")
            && length + fresh > cap.parse().expect("a number")
        {
            return Err(format!("QUEUEFULL {cap} {length}"));
        }
        self.mark_layout();
        let size = jobs.iter().map(|job| job.record.len()).max().unwrap_or(0);
        if size > SMALL && signed(size as u64) > self.number("largest").unwrap_or(0) {
            self.meta.insert("largest", size.to_string());
        }
        let (before, expired_before) = (self.next_due(), self.next_expired());
        let at = if look { 0 } else { self.next() };
        let (mut added, mut ready) = (Vec::new(), false);
        for (index, job) in jobs.iter().enumerate() {
            if !twins.contains_key(&index) {
                added.push(job.id.clone());
                ready |= self.place(job, look, at);
            }
        }
        self.event("added", &added);
        self.add_to_total("added", fresh);
        let soon = |next: Option<i64>, before: Option<i64>| {
            let sooner = |at: &i64| before.is_none_or(|before| *at < before);
            next.is_some_and(|at| at <= self.now + SLEEP && sooner(&at))
        };
        let due = ready || soon(self.next_due(), before);
        let asleep = !self.meta.contains_key("paused") && !self.looks_later();
        let expires = soon(self.next_expired(), expired_before);
        self.token |= due && asleep || expires;
        Ok(answer)
    }

    /// By index, the job that is there instead of an added one.
    fn twins(&self, look: bool, jobs: &[NewJob]) -> BTreeMap<usize, String> {
        let (mut twins, mut claimed, mut seen) =
            (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (index, job) in jobs.iter().enumerate() {
            let again = !seen.insert(&job.id) || self.jobs.contains_key(&job.id);
            let twin = if look && again {
                Some(job.id.clone())
            } else {
                job.unique.as_ref().and_then(|(key, _)| {
                    let holder = self.claims.get(key).map(|claim| &claim.id);
                    let twin = claimed.get(key).or(holder).cloned();
                    claimed.insert(key, twin.clone().unwrap_or_else(|| job.id.clone()));
                    twin
                })
            };
            twins.extend(twin.map(|twin| (index, twin)));
        }
        twins
    }

    /// Puts one job where it belongs; answers whether it is ready.
    fn place(&mut self, new: &NewJob, chosen: bool, at: i64) -> bool {
        let due = new.due.ms(self.now);
        let ready = due <= self.now;
        let place = match (ready, chosen) {
            (true, true) => self.behind(new.priority, &new.id),
            (true, false) => self.ready(new.priority, at),
            (false, _) => Place::Delayed { due },
        };
        let mut job = Job::new(new.record.clone(), place, new.priority);
        if let Some((key, lifetime)) = &new.unique {
            let lapses = lifetime.map(|ms| self.now + signed(ms));
            self.claims.insert(key.clone(), Claim { id: new.id.clone(), lapses });
            job.unique = lapses.is_none().then(|| key.clone());
        }
        if let Some(ttl) = self.number("ttl") {
            job.expires = Some(due.max(self.now) + ttl);
            self.meta.insert("expiring", "1".to_owned());
        }
        self.jobs.insert(new.id.clone(), job);
        ready
    }
}

impl Job {
    fn new(record: String, place: Place, priority: i64) -> Self {
        Self {
            record,
            place,
            priority,
            attempts: None,
            stalls: None,
            misses: None,
            progress: None,
            outcome: None,
            errors: Vec::new(),
            log: Vec::new(),
            unique: None,
            expires: None,
            pool: Pool::default(),
        }
    }
}

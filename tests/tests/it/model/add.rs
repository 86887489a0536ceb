//! Adding.

use redis::Value;

use super::{
    meet::Met,
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
        let met = self.meet(look, jobs);
        let answer = Value::Array(met.iter().flat_map(|(at, met)| met.answer(*at)).collect());
        let fresh: Vec<usize> = (0..jobs.len())
            .filter(|at| met.get(at).is_none_or(|met| matches!(met, Met::After { .. })))
            .collect();
        let stands = |met: &Met| matches!(met, Met::Stands(_));
        if fresh.is_empty() && met.values().all(stands) {
            return Ok(answer);
        }
        let length = self.ids_in("waiting").len() + self.ids_in("delayed").len();
        if let Some(cap) = self.meta.get("max_length")
            && !fresh.is_empty()
            && length + fresh.len() > cap.parse().expect("a number")
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
        let mut due = false;
        for index in &fresh {
            due |= self.place(&jobs[*index], look, at, met.get(index));
        }
        if !fresh.is_empty() {
            self.event("added", &fresh.iter().map(|at| jobs[*at].id.clone()).collect::<Vec<_>>());
            self.add_to_total("added", fresh.len());
        }
        due |= self.is_sooner(self.next_due(), before);
        let (due_sooner, expires_sooner) = self.replace_all(jobs, &met);
        due |= due_sooner;
        let asleep = !self.meta.contains_key("paused") && !self.looks_later();
        let expires = self.is_sooner(self.next_expired(), expired_before);
        self.token |= due && asleep || expires || expires_sooner;
        Ok(answer)
    }

    /// Whether something falls due before all else, and before idle workers look by themselves.
    pub(super) fn is_sooner(&self, next: Option<i64>, before: Option<i64>) -> bool {
        let sooner = |at: &i64| before.is_none_or(|before| *at < before);
        next.is_some_and(|at| at <= self.now + SLEEP && sooner(&at))
    }

    /// Puts one job where it belongs; answers whether it is ready.
    fn place(&mut self, new: &NewJob, chosen: bool, at: i64, met: Option<&Met>) -> bool {
        let due = new.due.ms(self.now);
        if let Some(Met::After(holder)) = met {
            self.park(new, holder.clone());
            return false;
        }
        let ready = due <= self.now;
        let place = match (ready, chosen) {
            (true, true) => self.behind(new.priority, &new.id),
            (true, false) => self.ready(new.priority, at),
            (false, _) => Place::Delayed { due },
        };
        let mut job = Job::new(new.record.clone(), place, new.priority);
        if let Some((key, rule)) = &new.unique {
            let lapses = rule.lifetime.map(|ms| self.now + signed(ms));
            let claim =
                Claim { id: new.id.clone(), lapses, latest: self.latest(*rule), successor: None };
            self.claims.insert((*key).to_owned(), claim);
            job.unique = (rule.ends || lapses.is_none()).then(|| (*key).to_owned());
        }
        job.expires = self.expires(due);
        job.tags = self.tagged(new);
        self.jobs.insert(new.id.clone(), job);
        ready
    }

    /// The tags of a job; that any has had some is noted.
    pub(super) fn tagged(&mut self, new: &NewJob) -> &'static str {
        if !new.tags.is_empty() {
            self.meta.insert("tagged", "1".to_owned());
        }
        new.tags
    }
}

impl Job {
    /// What the column of attempts has of it.
    pub(super) fn tries(&self) -> Option<String> {
        match (self.attempts, self.since) {
            (None, None) => None,
            (attempts, None) => attempts.map(|attempts| attempts.to_string()),
            (attempts, Some(since)) => Some(format!("{}@{since}", attempts.unwrap_or(0))),
        }
    }

    /// It is due otherwise than its add said, unless it has run before.
    pub(super) fn due_since(&mut self, due: i64) {
        if self.attempts.is_none() {
            self.since = Some(due);
        }
    }

    pub(super) fn new(record: String, place: Place, priority: i64) -> Self {
        Self {
            record,
            place,
            priority,
            attempts: None,
            since: None,
            stalls: None,
            misses: None,
            progress: None,
            outcome: None,
            mark: None,
            errors: Vec::new(),
            log: Vec::new(),
            unique: None,
            expires: None,
            pool: Pool::default(),
            tags: "",
        }
    }
}

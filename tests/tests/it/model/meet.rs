//! Adds that find their unique key taken.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;

use super::{
    queue::{Claim, Job, PARKED, Place, Queue, Successor},
    reply::{number, text},
    request::{Mode, NewJob, Rule, signed},
};

/// What an add finds in its way.
#[derive(Clone, Debug)]
pub(super) enum Met {
    /// This job stands for it.
    Stands(String),
    /// It takes this one's place, and perhaps its delay begins anew.
    Replaces { id: String, anew: bool },
    /// It is added, and runs after this one.
    After(String),
}

/// The job that has a key, as the jobs of a batch find it one after the other.
struct Holder {
    id: String,
    state: Option<&'static str>,
    next: Option<String>,
}

impl Met {
    pub(super) fn answer(&self, at: usize) -> [Value; 2] {
        let at = at + 1;
        match self {
            Self::Stands(id) => [number(at), text(id)],
            Self::Replaces { id, anew: false } => [text(format!("{at}r")), text(id)],
            Self::Replaces { id, anew: true } => [text(format!("{at}e")), text(id)],
            Self::After(id) => [text(format!("{at}n")), text(id)],
        }
    }
}

impl Queue {
    /// By index, what the jobs meet.
    pub(super) fn meet(&self, look: bool, jobs: &[NewJob]) -> BTreeMap<usize, Met> {
        let (mut met, mut holders, mut seen) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (index, job) in jobs.iter().enumerate() {
            let again = !seen.insert(&job.id) || self.jobs.contains_key(&job.id);
            if look && again {
                met.insert(index, Met::Stands(job.id.clone()));
                continue;
            }
            let Some((key, rule)) = job.unique else { continue };
            if let Some(holder) = holders.get_mut(key) {
                met.insert(index, meet_one(holder, rule, &job.id));
                continue;
            }
            let mut holder = match self.claims.get(key) {
                None => {
                    let later = job.due.ms(self.now) > self.now;
                    let state = Some(if later { "delayed" } else { "waiting" });
                    holders.insert(key, Holder { id: job.id.clone(), state, next: None });
                    continue;
                }
                Some(claim) => self.holder_of(key, claim),
            };
            met.insert(index, meet_one(&mut holder, rule, &job.id));
            holders.insert(key, holder);
        }
        met
    }

    fn holder_of(&self, key: &str, claim: &Claim) -> Holder {
        let place = |id: &String| self.jobs.get(id).map(|job| &job.place);
        let has = self.jobs.get(&claim.id).and_then(|job| job.unique.as_deref());
        let state = place(&claim.id).filter(|_| has.is_none_or(|has| has == key)).map(Place::state);
        let state = state.filter(|state| !matches!(*state, "completed" | "failed" | "cancelled"));
        let is_parked =
            |next: &&Successor| place(&next.id) == Some(&Place::Delayed { due: PARKED });
        let next = claim.successor.as_ref().filter(is_parked).map(|next| next.id.clone());
        Holder { id: claim.id.clone(), state, next: next.filter(|_| state.is_some()) }
    }

    /// A job that may not run before another of its key has ended.
    pub(super) fn park(&mut self, new: &NewJob, holder: String) {
        let (key, rule) = new.unique.expect("it has a key");
        let due = new.due.ms(self.now).max(self.now);
        let mut job = Job::new(new.record.clone(), Place::Delayed { due: PARKED }, new.priority);
        job.unique = Some(key.to_owned());
        job.expires = self.expires(PARKED);
        job.tags = self.tagged(new);
        self.jobs.insert(new.id.clone(), job);
        self.job(&holder).unique = Some(key.to_owned());
        let successor = Some(Successor { id: new.id.clone(), due });
        let latest = self.latest(rule);
        let claim = Claim { id: holder, lapses: None, latest, successor };
        self.claims.insert(key.to_owned(), claim);
    }

    /// Until when a job that is added now waits at the longest.
    pub(super) fn latest(&self, rule: Rule) -> Option<i64> {
        match rule.mode {
            Mode::Debounce(longest) => longest.map(|ms| self.now + signed(ms)),
            _ => None,
        }
    }

    /// When a job that is due then expires.
    pub(super) fn expires(&mut self, due: i64) -> Option<i64> {
        let ttl = self.number("ttl")?;
        self.meta.insert("expiring", "1".to_owned());
        Some(due.max(self.now) + ttl)
    }

    /// Jobs that wait become others. Answers whether one is due sooner, and whether one expires
    /// sooner.
    pub(super) fn replace_all(
        &mut self,
        jobs: &[NewJob],
        met: &BTreeMap<usize, Met>,
    ) -> (bool, bool) {
        let (mut replaced, mut due_sooner, mut expires_sooner) = (Vec::new(), false, false);
        for (index, met) in met {
            if let Met::Replaces { id, anew } = met {
                let (due, expires) = (self.next_due(), self.next_expired());
                self.replace(&jobs[*index], id, *anew);
                replaced.push(id.clone());
                due_sooner |= self.is_sooner(self.next_due(), due);
                expires_sooner |= self.is_sooner(self.next_expired(), expires);
            }
        }
        if !replaced.is_empty() {
            self.event("replaced", &replaced);
        }
        (due_sooner, expires_sooner)
    }

    fn replace(&mut self, new: &NewJob, id: &str, anew: bool) {
        let (key, now) = (new.unique.expect("it has a key").0, self.now);
        self.set_priority(id, new.priority).expect("it waits");
        let mut due = now;
        let parked = self.jobs[id].place == (Place::Delayed { due: PARKED });
        if let Place::Delayed { due: until } = self.jobs[id].place
            && !parked
        {
            due = until;
        }
        if anew {
            let claim = self.claims.get_mut(key).expect("it is taken");
            due = new.due.ms(now).min(claim.latest.unwrap_or(i64::MAX)).max(now);
            if parked {
                claim.successor.as_mut().expect("it is that").due = due;
            } else if let Place::Delayed { due: until } = &mut self.job(id).place {
                *until = due;
            }
        }
        let (own, tags) = (new.due.ms(now).max(now), self.tagged(new));
        let expires = self.expires(if parked { PARKED } else { due });
        let job = self.job(id);
        job.since = (!parked && due != own).then_some(due);
        job.record.clone_from(&new.record);
        (job.expires, job.tags) = (expires, tags);
        (job.attempts, job.stalls, job.misses, job.progress) = (None, None, None, None);
        (job.errors, job.log) = (Vec::new(), Vec::new());
    }
}

fn meet_one(holder: &mut Holder, rule: Rule, id: &str) -> Met {
    let runs = holder.state == Some("active") && holder.next.is_none();
    match rule.mode {
        Mode::Skip => Met::Stands(holder.id.clone()),
        _ if holder.state.is_none() => Met::Stands(holder.id.clone()),
        Mode::Replace if runs => Met::Stands(holder.id.clone()),
        _ if runs => {
            holder.next = Some(id.to_owned());
            Met::After(holder.id.clone())
        }
        mode => {
            let delayed = holder.next.is_some() || holder.state == Some("delayed");
            let anew = delayed && matches!(mode, Mode::Debounce(_));
            let id = holder.next.clone().unwrap_or_else(|| holder.id.clone());
            Met::Replaces { id, anew }
        }
    }
}

//! A worker's turn: settle, take back, promote, fetch.

use redis::Value;

use super::{
    hand,
    queue::{Answer, Job, Place, Queue},
    reply::{number, optional, text, texts},
    request::{Turn, signed},
};

/// How long idle workers sleep before they look by themselves, in ms.
pub(super) const SLEEP: i64 = 5_000;

/// How many bytes of records go into one answer, unless one has more; see `Bench`.
pub(super) const MOST: usize = 60;

/// What is in an answer.
#[derive(Default)]
pub(super) struct Fill {
    /// Whether it is bounded: all records may be so small that they always fit.
    bounded: bool,
    bytes: usize,
    /// Whether jobs that were to be taken fitted no more.
    pub(super) cut: bool,
}

impl Fill {
    /// Whether a record fits; then it is in.
    pub(super) fn takes(&mut self, record: &str) -> bool {
        let fits = !self.bounded || self.bytes == 0 || self.bytes + record.len() <= MOST;
        self.bytes += if fits { record.len() } else { 0 };
        fits
    }
}

/// What a fetch brought.
struct Fetched {
    ids: Vec<String>,
    /// Why there are no more.
    why: &'static str,
    /// When to look again.
    look: Option<f64>,
    /// Whether another worker is to look from now on.
    passes: bool,
}

impl Queue {
    pub(super) fn advance(&mut self, turn: &Turn) -> Answer {
        if !self.workers.contains_key(&turn.worker) {
            return Err("LEASELOST the worker is not known, or its lease ran out".to_owned());
        }
        if turn.out.is_none() && self.held_by(&turn.worker).len() != turn.held {
            return Err("OUTOFSTEP the worker holds other jobs than it believes".to_owned());
        }
        let (turn, marked) = self.sifted(turn);
        let turn = &turn;
        self.settle(turn, &marked);
        let hold = self.now + signed(turn.hold);
        if turn.hold > 0 && hold > self.throttle().unwrap_or(0) {
            self.meta.insert("throttled_until", hold.to_string());
            self.meta.insert("throttled_from", self.now.to_string());
        }
        let ends = self.now + signed(turn.lease);
        let other = self.workers.iter().filter(|(name, _)| **name != turn.worker);
        let other = other.map(|(_, at)| *at).min();
        self.workers.insert(turn.worker.clone(), ends);
        self.unheard.remove(&turn.worker);
        let check = self.recover_oldest();
        let expiring = self.meta.contains_key("expiring");
        let mut fill = Fill { bounded: self.meta.contains_key("largest"), ..Fill::default() };
        let late = if expiring { self.expire(turn, &mut fill) } else { Vec::new() };
        self.promote_due();
        let Fetched { mut ids, why, look, passes } = self.fetch(turn, &mut fill);
        let left = self.ids_in("waiting").len();
        if look.is_none() {
            self.end_turn(&turn.worker, why.is_empty() && left > 0);
        }
        let fetched = ids.len();
        if turn.out.is_none() && fetched + late.len() > 0 {
            self.unheard.insert(turn.worker.clone());
        }
        let more = expiring.then(|| self.hand_out(&mut ids, late));
        if turn.out.is_some() && !ids.is_empty() {
            self.mind_hand();
            self.workers.remove(&turn.worker);
        }
        if fetched == turn.want || fill.cut {
            let room = self.room().is_none_or(|room| room > 0);
            let ready = left > 0 && why.is_empty() && room && !self.watched(&turn.worker);
            let next = [self.next_due(), other].into_iter().flatten().min();
            self.token |= ready || next.is_some_and(|at| at <= self.now + SLEEP);
        }
        let (first, lasts) = match turn.out {
            Some(out) => (true, out),
            None => (turn.held == 0, turn.lease),
        };
        let ends = self.now + signed(lasts);
        let first_held = first && fetched > 0 && lasts < 5_000;
        self.token |= first_held && other.is_none_or(|other| ends < other);
        self.token |= passes || turn.released.iter().any(|(_, _, misses)| misses.is_some());
        self.wake_for_lanes(turn);

        #[expect(clippy::cast_precision_loss, reason = "as the script's own numbers")]
        let next = [Some(check), self.next_due()].into_iter().flatten().map(|ms| ms as f64);
        let next = next.chain(look).fold(f64::INFINITY, f64::min);
        #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
        let wait = (next - self.exact()).ceil().max(0.0) as i64;
        let mut answer = vec![number(self.now), number(wait), number(left)];
        answer.push(text(if fill.cut { "bytes" } else { why }));
        answer.push(text(ids.join(" ")));
        answer.extend(self.details(&ids));
        if let Some(more) = more {
            answer.extend([number(0), more]);
        }
        Ok(Value::Array(answer))
    }

    /// Takes jobs that have waited too long, waiting or delayed.
    fn expire(&mut self, turn: &Turn, fill: &mut Fill) -> Vec<String> {
        let due = |(id, job): (&String, &Job)| {
            job.expires.filter(|at| (0..=self.now).contains(at)).map(|at| (at, id.clone()))
        };
        let mut due: Vec<_> = self.jobs.iter().filter_map(due).collect();
        due.sort();
        let ids = due.into_iter().map(|(_, id)| id);
        let ids: Vec<String> = ids.take_while(|id| fill.takes(&self.jobs[id].record)).collect();
        for id in &ids {
            let rank = self.ready(self.jobs[id].priority, self.now).score();
            let place = self.held(turn, rank);
            self.job(id).place = place;
        }
        self.event_of("active", ids.iter());
        ids
    }

    /// The reply's part about expired jobs. They are marked; the other fetched jobs can't expire
    /// any more.
    fn hand_out(&mut self, ids: &mut Vec<String>, late: Vec<String>) -> Value {
        let now = self.now;
        let (mut expired, others): (Vec<String>, Vec<String>) = ids
            .iter()
            .filter(|id| self.jobs[*id].expires.is_some_and(|at| at >= -1))
            .cloned()
            .partition(|id| self.jobs[id].expires.is_some_and(|at| at <= now));
        expired.extend(late.iter().cloned());
        ids.extend(late);
        others.iter().for_each(|id| {
            let job = self.job(id);
            job.expires = job.expires.map(|at| -at);
        });
        expired.iter().for_each(|id| self.job(id).expires = Some(-1));
        let wait = self.next_expired().map_or(-1, |at| (at - now).max(0));
        Value::Array(vec![text("expired"), text(expired.join(" ")), text("expires"), number(wait)])
    }

    /// Takes back the jobs of the worker with the oldest lease, if it ran out. Returns when to look
    /// again.
    fn recover_oldest(&mut self) -> i64 {
        let leases = self.workers.iter();
        let leases = leases.map(|(name, at)| (*at, self.unheard.contains(name), name.clone()));
        let (deadline, unheard, name) = leases.min().expect("the caller");
        if deadline >= self.now {
            return deadline + 1;
        }
        let mut ids = self.held_by(&name);
        if name == hand::NAME {
            ids.retain(|id| self.jobs[id].place.is_overdue(self.now));
        }
        let started = |id: &String| match self.jobs[id].place {
            Place::Active { started, .. } => started,
            _ => 0,
        };
        let newest = ids.iter().map(started).max().filter(|_| unheard);
        let (lost, begun): (Vec<String>, Vec<String>) =
            ids.iter().cloned().partition(|id| Some(started(id)) == newest);
        let others = |id: &&String| self.jobs[*id].mark.is_none();
        let (others, marked): (Vec<_>, Vec<_>) = ids.iter().partition(others);
        let (ids, marked): (Vec<String>, Vec<String>) =
            (others.into_iter().cloned().collect(), marked.into_iter().cloned().collect());
        let of = |all: Vec<String>| all.into_iter().filter(|id| ids.contains(id)).collect();
        let (lost, begun): (Vec<String>, Vec<String>) = (of(lost), of(begun));
        self.hand_back(&ids);
        for id in &ids {
            let lost = lost.contains(id);
            let stalls = self.job(id).stalls.get_or_insert_default();
            stalls.begun += u32::from(!lost);
            stalls.lost += u32::from(lost);
        }
        self.event_of("stalled", begun.iter());
        self.event_of("released", lost.iter());
        self.end_marked(&marked);
        self.workers.remove(&name);
        self.mind_hand();
        self.now
    }

    /// Active jobs go back to where they were.
    pub(super) fn hand_back(&mut self, ids: &[String]) {
        for id in ids {
            let job = self.job(id);
            if let Place::Active { rank, .. } = job.place {
                job.place = Place::at(rank);
                // One that was handed out as expired is so for the next who looks.
                job.expires = job.expires.map(|at| if at == -1 { 0 } else { at });
            }
        }
    }

    fn promote_due(&mut self) {
        let mut ids = self.ids_in("delayed");
        ids.retain(|id| self.jobs[id].place.score() <= self.now);
        for id in &ids {
            let job = &self.jobs[id];
            let place = self.ready(job.priority, job.place.score());
            self.job(id).place = place;
        }
        self.event_of("waiting", ids.iter());
    }

    /// When the next job expires that wasn't handed out as expired.
    pub(super) fn next_expired(&self) -> Option<i64> {
        self.jobs.values().filter_map(|job| job.expires).filter(|at| *at >= 0).min()
    }

    pub(super) fn next_due(&self) -> Option<i64> {
        self.ids_in("delayed").first().map(|id| self.jobs[id].place.score())
    }

    /// Until when a handler throttles the queue.
    pub(super) fn throttle(&self) -> Option<i64> {
        let since = self.number("throttled_from").is_none_or(|from| from <= self.now);
        self.number("throttled_until").filter(|hold| *hold > self.now && since)
    }

    fn fetch(&mut self, turn: &Turn, fill: &mut Fill) -> Fetched {
        let (worker, want) = (&turn.worker, turn.want);
        let none = |why, look| Fetched { ids: Vec::new(), why, look, passes: false };
        if !self.any_waits() {
            return none("", None);
        } else if self.meta.contains_key("paused") {
            return none("paused", None);
        } else if want == 0 {
            return none("", None);
        }
        if let Some(hold) = self.throttle() {
            #[expect(clippy::cast_precision_loss, reason = "as the script's own numbers")]
            let look = self.next_turn(worker, hold as f64);
            return none("throttled", Some(look));
        }
        let (mut n, mut why) = (want, "");
        if let Some(room) = self.room().filter(|room| *room < n) {
            (n, why) = (room, "active");
        }
        if n == 0 {
            return none(why, None);
        }
        let took = |ids: Vec<String>| Fetched {
            why: if ids.len() == n { why } else { "" },
            ids,
            look: None,
            passes: false,
        };
        let Some(rate) = self.rate() else { return took(self.take(turn, n, fill)) };
        let (allowed, free) = self.allowed(rate);
        if allowed == 0 {
            return none("rate", Some(self.next_turn(worker, free)));
        }
        let ids = self.take(turn, n.min(allowed), fill);
        let free = if ids.is_empty() { free } else { self.spend(rate, ids.len()) };
        if ids.len() == allowed && self.any_waits() {
            let (look, passes) = self.next_turn_or_pass(worker, free);
            return Fetched { ids, why: "rate", look: Some(look), passes };
        }
        took(ids)
    }

    /// How many more jobs may be active, if that is limited.
    pub(super) fn room(&self) -> Option<usize> {
        let most = usize::try_from(self.number("active")?).expect("a count");
        Some(most.saturating_sub(self.ids_in("active").len()))
    }

    /// Records, and the sparse columns if any job has anything there.
    pub(super) fn details(&self, ids: &[String]) -> [Value; 4] {
        let records = texts(ids.iter().map(|id| &self.jobs[id].record));
        let any = |job: &Job| job.tries().is_some() || job.misses.is_some() || job.stalls.is_some();
        if ids.is_empty() || !self.jobs.values().any(any) {
            return [records, Value::Nil, Value::Nil, Value::Nil];
        }
        let column =
            |of: fn(&Job) -> Value| Value::Array(ids.iter().map(|id| of(&self.jobs[id])).collect());
        [
            records,
            column(|job| optional(job.tries())),
            column(|job| optional(job.stalls)),
            column(|job| optional(job.misses)),
        ]
    }
}

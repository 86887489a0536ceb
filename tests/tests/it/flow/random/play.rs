//! One flow, played to its end: a relay that now and then brings things twice, and queues whose jobs
//! run, end and are cancelled in any order.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use jobqueue_tests::{leftovers::keys_that_stay, raw::Rig};

use super::{
    again,
    bench::{Bench, Entry, KEY},
    facts::{Before, End, Facts, Node, Over, Time},
    rules,
    shape::Shape,
};

struct Play<'a> {
    bench: &'a mut Bench,
    flow: &'a Shape,
    dice: Rng,
    now: Time,
    /// Of this round.
    facts: Facts,
    /// How often each node was sent again.
    tries: BTreeMap<Node, u32>,
    /// Jobs that have not ended, and whether they run.
    jobs: BTreeMap<Node, bool>,
    /// Entries that were delivered, and those of them that are to be removed.
    seen: BTreeSet<String>,
    delivered: Vec<String>,
    /// An end that is told again.
    again: Vec<(String, &'static [u8])>,
}

/// Plays a flow to its end, and once more if it is to run again.
pub(super) fn play(bench: &mut Bench, flow: &Shape) -> Result<(), String> {
    bench.start(flow);
    let dice = Rng::with_seed(flow.seed);
    let mut play = Play {
        bench,
        flow,
        dice,
        now: 0,
        facts: Facts::default(),
        tries: BTreeMap::new(),
        jobs: BTreeMap::new(),
        seen: BTreeSet::new(),
        delivered: Vec::new(),
        again: Vec::new(),
    };
    play.round()?;
    if play.begins_again() {
        play.round().map_err(|why| format!("again: {why}"))?;
    }
    play.close()
}

/// A node's job: its node, and how often that was sent again.
type Sent = (Node, u32);

fn sent_of(id: &str) -> Option<Sent> {
    let mut numbers = id.strip_prefix(KEY)?.strip_prefix('.')?.strip_suffix('@')?.split('.');
    let (group, number) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    let again = numbers.next().map_or(Some(0), |again| again.parse().ok())?;
    Some(((group, number), again))
}

impl Play<'_> {
    /// Until the flow has ended.
    fn round(&mut self) -> Result<(), String> {
        self.relay(self.flow.manner.quiet)?;
        // Each step ends a job, begins one, or brings something.
        for _ in 0..20 * (self.flow.nodes() + self.flow.groups.len()) + 200 {
            if self.jobs.is_empty() {
                self.relay(true)?;
                if self.jobs.is_empty() {
                    self.facts.fields = self.bench.hash("");
                    return rules::check(self.flow, &self.facts);
                }
            }
            self.step()?;
        }
        Err(format!("it doesn't end: {:?} are left", self.jobs))
    }

    /// Has the flow run again, if it is to and anything of it would.
    fn begins_again(&mut self) -> bool {
        let Some(again) = self.flow.manner.again else { return false };
        let (kept, from) = again::kept(self.flow, &self.facts, again);
        if !self.bench.retry(&from) {
            return false;
        }
        let ended = std::mem::take(&mut self.facts);
        for node in ended.ended.keys().filter(|node| !kept.contains(node)) {
            *self.tries.entry(*node).or_default() += 1;
        }
        self.facts.ended = kept.iter().map(|node| (*node, (0, End::Completed))).collect();
        let died = rules::any_died(self.flow, &ended);
        self.facts.before = Before { kept, died, succeeded: ended.fields["state"] == "completed" };
        self.facts.followed = ended.followed;
        true
    }

    fn job_of(&self, (group, number): Node) -> String {
        match self.tries.get(&(group, number)) {
            None => format!("{KEY}.{group}.{number}@"),
            Some(again) => format!("{KEY}.{group}.{number}.{again}@"),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let manner = self.flow.manner;
        if manner.cancelled && self.facts.cancelled.is_none() && self.dice.u8(..) < 25 {
            self.now += 1;
            self.facts.cancelled = Some(self.now);
            self.bench.cancel();
            return self.relay(manner.quiet);
        }
        let many = if self.dice.bool() { 1 } else { self.dice.usize(1..40) };
        let mut ends = Vec::new();
        for _ in 0..many {
            let Some(node) = self.dice.choice(self.jobs.keys().copied().collect::<Vec<_>>()) else {
                break;
            };
            if self.jobs.get(&node) == Some(&false) && self.dice.u8(0..4) > 0 {
                self.jobs.insert(node, true);
            } else {
                let end = self.end_of_one();
                ends.push((node, end));
                self.jobs.remove(&node);
            }
        }
        self.end(&ends);
        self.relay(manner.quiet)
    }

    fn end_of_one(&mut self) -> End {
        if self.dice.u8(0..100) >= self.flow.manner.failing {
            End::Completed
        } else if self.dice.u8(0..4) == 0 {
            End::Cancelled
        } else {
            End::Failed
        }
    }

    /// Tells the flow of ends, and now and then of some twice.
    fn end(&mut self, ends: &[(Node, End)]) {
        if ends.is_empty() {
            return;
        }
        self.now += 1;
        let mut told: Vec<_> =
            ends.iter().map(|(node, end)| (self.job_of(*node), end.outcome())).collect();
        if self.dice.u8(0..3) == 0 {
            told.append(&mut self.again);
        }
        if self.dice.u8(0..3) == 0 {
            self.again.extend(told.first().cloned());
        }
        self.bench.note(&told);
        for (node, end) in ends {
            self.facts.ended.insert(*node, (self.now, *end));
        }
        if self.dice.u8(0..3) == 0 {
            self.bench.note(&told);
        }
    }

    /// Brings what is in the outbox: all of it and all that follows, or some.
    fn relay(&mut self, all: bool) -> Result<(), String> {
        for _ in 0..10_000 {
            let most = if all { 500 } else { self.dice.usize(1..30) };
            let delivered = std::mem::take(&mut self.delivered);
            let entries = self.bench.take(most, &delivered);
            let found = !entries.is_empty();
            let mut cancelled = Vec::new();
            for entry in entries {
                let id = entry.entry.clone();
                // A relay that died may have brought it, and not have removed it.
                if self.seen.insert(id.clone()) {
                    self.bring(&entry, &mut cancelled)?;
                }
                if all || self.dice.u8(0..5) > 0 {
                    self.delivered.push(id);
                }
            }
            self.look();
            // The jobs that were to be cancelled tell of it like any other, and at the same time.
            if !cancelled.is_empty() {
                self.end(&cancelled);
                self.look();
            }
            if !all || (!found && !self.bench.is_flowing()) {
                return Ok(());
            }
        }
        Err("there is always more to do for it".to_owned())
    }

    fn bring(&mut self, entry: &Entry, cancelled: &mut Vec<(Node, End)>) -> Result<(), String> {
        let Entry { to, id, record, cancel, more, .. } = entry;
        if to.is_empty() {
            return Ok(());
        }
        if let Some(how) = cancel {
            for (node, again) in record.split(' ').filter_map(sent_of) {
                if *to != self.flow.queue(node) || again != self.tries_of(node) {
                    return Err(format!("{node:?}, {again}, is cancelled in {to}"));
                }
                self.facts.asked.entry(node.0).or_insert(self.now);
                let runs = self.jobs.get(&node).copied();
                if runs == Some(false) || (runs == Some(true) && how.starts_with('+')) {
                    self.jobs.remove(&node);
                    cancelled.push((node, End::Cancelled));
                }
            }
            return Ok(());
        }
        if sent_of(id).is_none() {
            self.facts.followed.push(record.clone());
            return Ok(());
        }
        let jobs = more.iter().map(|(id, record)| (id, record));
        [(id, record)].into_iter().chain(jobs).try_for_each(|job| self.job(to, job))
    }

    fn job(&mut self, to: &str, (id, record): (&String, &String)) -> Result<(), String> {
        let (node, again) = sent_of(id).ok_or_else(|| format!("{id} is no node"))?;
        let (group, number) = node;
        if !self.facts.sent.insert(node) || self.facts.before.kept.contains(&node) {
            return Err(format!("{node:?} is sent twice, or had completed"));
        }
        let is_right = to == self.flow.queue(node)
            && *record == format!("record {group}.{number}")
            && again == self.tries_of(node);
        if !is_right {
            return Err(format!("{node:?} is sent to {to} as {id} with {record:?}"));
        }
        self.facts.begun.entry(group).or_insert(self.now);
        self.jobs.insert(node, false);
        Ok(())
    }

    fn tries_of(&self, node: Node) -> u32 {
        self.tries.get(&node).copied().unwrap_or_default()
    }

    /// Which groups have ended without a job, or begun without one.
    fn look(&mut self) {
        // Some of it is still that of the round before.
        if self.bench.hash("").contains_key("revival") {
            return;
        }
        for (group, text) in self.bench.hash("over") {
            let group = group.parse().expect("a number");
            self.facts.over.entry(group).or_insert_with(|| Over::read(self.now, &text));
        }
        for (group, sent) in self.bench.hash("sent") {
            if sent == "0" {
                self.facts.begun.entry(group.parse().expect("a number")).or_insert(self.now);
            }
        }
    }

    fn close(mut self) -> Result<(), String> {
        self.bench.remove();
        let left = keys_that_stay(&mut self.bench.connection, &format!("{}flow*", Rig::BASE));
        let outbox = self.bench.take(1, &std::mem::take(&mut self.delivered)).len();
        if self.facts.fields["left"] == "0" && (!left.is_empty() || outbox > 0) {
            return Err(format!("left behind: {left:?}, {outbox} entries"));
        }
        Ok(())
    }
}

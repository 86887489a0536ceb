//! Random sequences of what is done to jobs of groups, and the rules that hold after each step. By default
//! 40 sequences of 60 steps, `JOBQUEUE_MODEL_CASES` of them if that is set; others with another
//! `JOBQUEUE_MODEL_SEED`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use fastrand::Rng;
use jobqueue::{
    Client, DurationExt as _, Error, JobHandle, JobState, Queue, Unique, error::Refused,
    receive::Delivery,
};
use jobqueue_tests::shared;
use redis::{AsyncCommands as _, aio::MultiplexedConnection};

use crate::support::{any_job, client_and_base, number, raw, settle_any};

const GROUPS: [&str; 4] = ["a", "b", "c c", "a longer name, of more than thirty-one bytes"];

/// Scores from here on are ranks; below stand jobs that are apart, and below -2^53 turns.
const APART: f64 = -9_007_199_254_740_992.0;

struct Play {
    rng: Rng,
    queue: Queue,
    redis: MultiplexedConnection,
    base: String,
    out: Vec<Delivery>,
    added: u32,
}

impl Play {
    async fn new(seed: u64) -> (Client, Self) {
        let (client, base) = client_and_base("orders").await;
        let queue = client.queue("orders").expect("a good name");
        let redis = raw(shared::url()).await;
        (client, Self { rng: Rng::with_seed(seed), queue, redis, base, out: Vec::new(), added: 0 })
    }

    async fn add(&mut self) {
        for _ in 0..self.rng.usize(1..6) {
            self.added += 1;
            let size = if self.rng.u8(..10) == 0 { 1_500 } else { 5 };
            let mut add = self.queue.add("work", &"x".repeat(size));
            if let Some(group) = self.rng.choice(GROUPS).filter(|_| self.rng.u8(..4) > 0) {
                add = add.group(group);
            }
            if self.rng.u8(..3) == 0 {
                add = add.priority(self.rng.i16(-2..3));
            }
            match self.rng.u8(..10) {
                0 => add = add.delay(Duration::from_millis(self.rng.u64(1..20))),
                1 => add = add.id(format!("z{}", 9_999 - self.added)),
                2 => add = add.unique(Unique::by(format!("k{}", self.rng.u8(..3))).replace()),
                _ => {}
            }
            add.await.expect("added");
        }
    }

    async fn any(&mut self, state: JobState) -> Option<JobHandle<serde_json::Value>> {
        any_job(&self.queue, &mut self.rng, state).await
    }

    async fn step(&mut self) {
        match self.rng.u8(..20) {
            0..=4 => self.add().await,
            5..=8 => {
                let wanted = self.rng.usize(1..20);
                let some = self.queue.receive(wanted, Duration::ZERO).await.expect("received");
                self.out.extend(some);
            }
            9..=12 => settle_any(&mut self.rng, &mut self.out).await,
            13 => {
                if let Some(job) = self.any(JobState::Waiting).await {
                    job.set_priority(self.rng.i16(-2..3)).await.expect("changed");
                }
            }
            14 => {
                if let Some(job) = self.any(JobState::Waiting).await {
                    job.cancel().await.expect("cancelled");
                }
            }
            15 => {
                if let Some(job) = self.any(JobState::Waiting).await {
                    job.remove().await.expect("removed");
                }
            }
            16 => {
                if let Some(job) = self.any(JobState::Delayed).await {
                    job.promote().await.expect("promoted");
                }
            }
            17 => {
                if let Some(job) = self.any(JobState::Failed).await {
                    let retried = job.retry().await;
                    let held = matches!(&retried, Err(Error::Refused(Refused::KeyHeld { .. })));
                    assert!(retried.is_ok() || held, "{retried:?}");
                }
            }
            18 => {
                if let Some(job) = self.any(JobState::Waiting).await {
                    let size = self.rng.usize(1..2_000);
                    job.edit_payload(&"y".repeat(size)).await.expect("edited");
                }
            }
            _ => match self.rng.u8(..4) {
                0 => self.queue.drain().await.map(|_| ()).expect("drained"),
                1 => self.queue.set_limits().aging(Some(1.seconds())).await.expect("set"),
                2 => self.queue.set_limits().aging(None).await.expect("set"),
                _ => {
                    let group = GROUPS[self.rng.usize(..4)];
                    let weight = self.rng.u32(1..4);
                    self.queue.groups().set_weight(group, weight).await.expect("set");
                }
            },
        }
    }

    async fn scores(&mut self, key: &str) -> BTreeMap<String, f64> {
        let key = format!("{}{key}", self.base);
        let pairs: Vec<(String, f64)> =
            self.redis.zrange_withscores(key, 0, -1).await.expect("a sorted set");
        pairs.into_iter().collect()
    }

    /// Each job stands in one place, and the sets of groups and what points to them agree.
    async fn check(&mut self) {
        let waiting = self.scores("waiting").await;
        let groups = self.scores("groups").await;
        let column: BTreeMap<String, String> =
            self.redis.hgetall(format!("{}group_of", self.base)).await.expect("a hash");
        let records: BTreeSet<String> =
            self.redis.hkeys(format!("{}jobs", self.base)).await.expect("a hash");
        let mut apart = BTreeSet::new();
        for group in GROUPS {
            let set = self.scores(&format!("waiting:{group}")).await;
            assert!(set.is_empty() || groups.contains_key(group), "{group} isn't among the groups");
            for (id, rank) in set {
                let score =
                    waiting.get(&id).unwrap_or_else(|| panic!("{id} is apart, and doesn't wait"));
                assert!(*score < APART || *score == rank + APART, "{id}: {score} of rank {rank}");
                let noted = column.get(&id).and_then(|text| text.split_once(' '));
                assert_eq!(noted.map(|(_, group)| group), Some(group), "{id}");
                apart.insert(id);
            }
        }
        for (id, score) in &waiting {
            assert!(
                !(APART..0.0).contains(score) || apart.contains(id),
                "{id} is apart, in no set"
            );
        }
        for id in column.keys() {
            assert!(records.contains(id), "{id} has a group and no record");
        }
        for job in self.queue.jobs(JobState::Waiting).page(0, 1_000).await.expect("read") {
            let turn = waiting.get(job.id.as_str()).is_some_and(|score| *score < 0.0);
            assert_eq!(turn, job.record.options.group.is_some(), "{}", job.id);
        }
    }

    /// All that waits is handed out, once.
    async fn end(&mut self) {
        tokio::time::sleep(Duration::from_millis(25)).await;
        for job in self.out.drain(..) {
            job.complete().await.expect("settled");
        }
        let mut left = self.queue.counts().await.expect("read");
        while left.waiting + left.delayed > 0 {
            let some = self.queue.receive(50, 1.seconds()).await.expect("received");
            if some.is_empty() {
                let (waiting, groups) = (self.scores("waiting").await, self.scores("groups").await);
                panic!("{left:?}: {waiting:?} of {groups:?} isn't handed out");
            }
            for job in some {
                job.complete().await.expect("settled");
            }
            left = self.queue.counts().await.expect("read");
        }
        assert_eq!(left.active, 0);
        assert!(self.scores("waiting").await.is_empty());
        for group in GROUPS {
            assert!(self.scores(&format!("waiting:{group}")).await.is_empty(), "{group}");
        }
    }
}

#[tokio::test]
async fn sequences_keep_the_rules() {
    let seed = u64::from(number("JOBQUEUE_MODEL_SEED", 7));
    for case in 0..u64::from(number("JOBQUEUE_MODEL_CASES", 40)) {
        let (_client, mut play) = Play::new(seed.wrapping_mul(1_000_003).wrapping_add(case)).await;
        for _ in 0..60 {
            play.step().await;
            play.check().await;
        }
        play.end().await;
    }
}

/// What stride scheduling says of adds and fetches alone: groups by their passes, and who is next.
#[derive(Default)]
struct Rules {
    pass: u64,
    passes: BTreeMap<Option<u32>, u64>,
    /// Turns, by pass and then by when they were given out; and jobs without a group.
    turns: BTreeSet<(u64, u32, Option<u32>)>,
    plain: BTreeSet<u32>,
}

const STRIDE: u64 = 80_640;

impl Rules {
    fn add(&mut self, n: u32, group: Option<u32>) {
        if group.is_none() {
            self.plain.insert(n);
            return;
        }
        let pass = self.passes.entry(group).or_default();
        *pass = self.pass.max(*pass);
        self.turns.insert((*pass, n, group));
        *pass += STRIDE;
    }

    /// The next jobs. As long as nobody takes turns, those without a group have none.
    fn take(&mut self, wanted: usize) -> Vec<u32> {
        let (in_turn, mut taken, mut last) = (!self.turns.is_empty(), Vec::new(), self.pass);
        let mut others = self.pass.max(self.passes.get(&None).copied().unwrap_or_default());
        while taken.len() < wanted {
            let turn = self.turns.first().map(|(pass, ..)| *pass);
            let plain = self.plain.first().copied();
            if let Some(pass) = turn.filter(|pass| plain.is_none() || *pass <= others) {
                taken.extend(self.turns.pop_first().map(|(_, n, _)| n));
                last = pass;
            } else if let Some(n) = plain {
                self.plain.remove(&n);
                taken.push(n);
                last = others;
                others += STRIDE;
                if in_turn {
                    self.passes.insert(None, others);
                }
            } else {
                break;
            }
        }
        if in_turn {
            self.pass = self.pass.max(last);
            if self.turns.is_empty() && self.plain.is_empty() {
                let groups = self.passes.iter().filter(|(group, _)| group.is_some());
                self.pass =
                    groups.map(|(_, pass)| *pass).chain([self.pass]).max().unwrap_or_default();
            }
        }
        taken
    }
}

#[tokio::test]
async fn adds_and_fetches_are_as_stride_scheduling_says() {
    let seed = u64::from(number("JOBQUEUE_MODEL_SEED", 7));
    for case in 0..u64::from(number("JOBQUEUE_MODEL_CASES", 40)) {
        let (_client, mut play) = Play::new(seed.wrapping_mul(1_000_033).wrapping_add(case)).await;
        let (mut rules, mut n) = (Rules::default(), 0);
        for _ in 0..40 {
            if play.rng.bool() {
                let group = play.rng.choice([None, Some(1), Some(2), Some(3)]).flatten();
                for _ in 0..play.rng.u32(1..20) {
                    let add = play.queue.add("work", &n);
                    match group {
                        Some(group) => add.group(group.to_string()).await.expect("added"),
                        None => add.await.expect("added"),
                    };
                    rules.add(n, group);
                    n += 1;
                }
            } else {
                let wanted = play.rng.usize(1..30);
                let some = play.queue.receive(wanted, Duration::ZERO).await.expect("received");
                let taken: Vec<u32> =
                    some.iter().map(|job| job.payload().expect("a number")).collect();
                assert_eq!(taken, rules.take(wanted), "case {case}");
                for job in some {
                    job.complete().await.expect("settled");
                }
            }
        }
    }
}

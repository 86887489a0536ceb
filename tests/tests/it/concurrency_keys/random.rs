//! Random sequences of what is done to jobs with concurrency keys, and the rules that hold after each step.
//! By default 40 sequences of 60 steps, `JOBQUEUE_MODEL_CASES` of them if that is set; others with another
//! `JOBQUEUE_MODEL_SEED`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use fastrand::Rng;
use jobqueue::{
    DurationExt as _, Error, JobHandle, JobState, Queue, Unique, error::Refused,
    manage::AfterFailure, receive::Delivery,
};
use jobqueue_tests::shared;
use redis::{AsyncCommands as _, aio::MultiplexedConnection};

use crate::support::{any_job, client_and_base, number, raw, settle_any};

const KEYS: [(&str, u32); 4] =
    [("user:1", 1), ("user:2", 1), ("shop:1", 2), ("a key, with a space", 3)];
const GROUPS: [&str; 3] = ["a", "b", "in order"];

struct Play {
    rng: Rng,
    queue: Queue,
    redis: MultiplexedConnection,
    base: String,
    out: Vec<Delivery>,
    added: u32,
    grouped: bool,
}

impl Play {
    async fn new(seed: u64) -> Self {
        let (client, base) = client_and_base("orders").await;
        let queue = client.queue("orders").expect("a good name");
        let mut rng = Rng::with_seed(seed);
        let grouped = rng.bool();
        if grouped {
            let groups = queue.groups();
            groups.set_limits("in order").in_order(AfterFailure::Stop).await.expect("set");
            if rng.bool() {
                groups.set_limits("b").max_active(2).await.expect("set");
            }
        }
        let redis = raw(shared::url()).await;
        Self { rng, queue, redis, base, out: Vec::new(), added: 0, grouped }
    }

    async fn add(&mut self) {
        for _ in 0..self.rng.usize(1..6) {
            self.added += 1;
            let size = if self.rng.u8(..10) == 0 { 1_500 } else { 5 };
            let mut add = self.queue.add("work", &"x".repeat(size));
            for _ in 0..self.rng.usize(..3) {
                let (key, per_key) = KEYS[self.rng.usize(..KEYS.len())];
                add = add.concurrency_key(key, per_key);
            }
            if self.grouped && self.rng.bool() {
                add = add.group(GROUPS[self.rng.usize(..3)]);
            }
            if self.rng.u8(..3) == 0 {
                add = add.priority(self.rng.i16(-2..3));
            }
            match self.rng.u8(..10) {
                0 => add = add.delay(Duration::from_millis(self.rng.u64(1..20))),
                1 => add = add.id(format!("z{}", 9_999 - self.added)),
                2 => add = add.unique(Unique::by(format!("k{}", self.rng.u8(..3))).replace()),
                3 => add = add.ttl(Duration::from_millis(self.rng.u64(5..60))),
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
                if let Some(job) = self.any(JobState::Failed).await {
                    let retried = job.retry().await;
                    let held = matches!(&retried, Err(Error::Refused(Refused::KeyHeld { .. })));
                    assert!(retried.is_ok() || held, "{retried:?}");
                }
            }
            17 => {
                if let Some(job) = self.any(JobState::Waiting).await {
                    let size = self.rng.usize(1..2_000);
                    job.edit_payload(&"y".repeat(size)).await.expect("edited");
                }
            }
            _ => match self.rng.u8(..4) {
                0 => self.queue.drain().await.map(|_| ()).expect("drained"),
                1 => self.queue.set_limits().aging(Some(1.seconds())).await.expect("set"),
                2 => self.queue.set_limits().aging(None).await.expect("set"),
                _ => self.queue.groups().set_weight("a", self.rng.u32(1..4)).await.expect("set"),
            },
        }
    }

    async fn scores(&mut self, key: &str) -> BTreeMap<String, f64> {
        let key = format!("{}{key}", self.base);
        let pairs: Vec<(String, f64)> =
            self.redis.zrange_withscores(key, 0, -1).await.expect("a sorted set");
        pairs.into_iter().collect()
    }

    async fn hash(&mut self, key: &str) -> BTreeMap<String, String> {
        self.redis.hgetall(format!("{}{key}", self.base)).await.expect("a hash")
    }

    /// No key has more runs than it may, and what is noted agrees.
    async fn check(&mut self) {
        let jobs: BTreeSet<String> =
            self.redis.hkeys(format!("{}jobs", self.base)).await.expect("a hash");
        let column = self.hash("keys_of").await;
        for id in column.keys() {
            assert!(jobs.contains(id), "{id} has keys and no record");
        }
        let (mut runs, mut active) = (BTreeMap::<&str, u32>::new(), BTreeSet::new());
        for job in &self.out {
            for (key, per_key) in &job.record().options.concurrency_keys {
                let runs = runs.entry(key).or_default();
                *runs += 1;
                assert!(*runs <= *per_key, "{runs} runs of {key}");
                active.insert(format!("{key}\n{}", job.id()));
            }
        }
        let noted: BTreeSet<String> = self.scores("keys:active").await.into_keys().collect();
        // One that expired holds no room, though it is out.
        assert!(noted.is_subset(&active), "{noted:?} of {active:?}");
        let (waiting, lane_of) = (self.scores("waiting").await, self.hash("lane_of").await);
        let blocked = self.scores("keys:blocked").await;
        let mut lanes = BTreeSet::new();
        for (id, lane) in lane_of {
            let key = lane.strip_prefix('\u{1}').expect("no lanes but those of keys");
            assert!(blocked.contains_key(key), "{id} waits for {key}, which isn't noted");
            assert!(waiting.contains_key(&id), "{id} waits for {key}, and not at all");
            lanes.insert(key.to_owned());
        }
        assert_eq!(lanes.len(), blocked.len(), "{lanes:?} {blocked:?}");
        let counts = self.queue.counts().await.expect("read");
        assert_eq!(counts.waiting, waiting.len() as u64);
    }

    /// All that waits is handed out, once.
    async fn end(&mut self) {
        tokio::time::sleep(Duration::from_millis(25)).await;
        for job in self.out.drain(..) {
            job.complete().await.expect("settled");
        }
        let mut left = self.queue.counts().await.expect("read");
        while left.waiting + left.delayed > 0 {
            if self.grouped {
                // One that expires stops its group as well.
                self.queue.groups().go_on("in order").await.expect("it goes on");
            }
            let some = self.queue.receive(50, 1.seconds()).await.expect("received");
            let counts = self.queue.counts().await.expect("read");
            if some.is_empty() && counts.waiting + counts.delayed > 0 {
                let mut state = Vec::new();
                for key in ["waiting", "keys:blocked", "keys:active", "groups", "groups:active"] {
                    state.push(format!("{key} {:?}", self.scores(key).await));
                }
                let column = self.hash("group_of").await;
                panic!("{left:?} isn't handed out: {state:#?} {column:?}");
            }
            for job in some {
                job.complete().await.expect("settled");
            }
            left = self.queue.counts().await.expect("read");
        }
        assert_eq!(left.active, 0);
        for key in ["waiting", "keys:active", "keys:blocked"] {
            assert!(self.scores(key).await.is_empty(), "{key}");
        }
    }
}

#[tokio::test]
async fn sequences_keep_the_rules() {
    let seed = u64::from(number("JOBQUEUE_MODEL_SEED", 7));
    for case in 0..u64::from(number("JOBQUEUE_MODEL_CASES", 40)) {
        let mut play = Play::new(seed.wrapping_mul(1_000_003).wrapping_add(case)).await;
        for _ in 0..60 {
            play.step().await;
            play.check().await;
        }
        play.end().await;
    }
}

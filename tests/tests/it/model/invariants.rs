//! The invariants of every queue at every moment, read from the keyspace alone.

use std::collections::{BTreeMap, BTreeSet};

use jobqueue_tests::{
    dump::{Content, Dump},
    raw::Rig,
};

use super::{op::LAPSES, queue::PARKED};

/// All that is wrong with the queue whose keys begin with `base`, line by line; empty if nothing
/// is.
pub(super) fn complaints(dump: &Dump, base: &str) -> String {
    let mut check = Check { dump, base, complaints: Vec::new() };
    let jobs = check.members("jobs");
    check.one_place_each(&jobs);
    check.ranks();
    check.columns(&jobs);
    check.listed();
    check.lanes();
    check.unique_keys();
    check.parked();
    check.marks();
    check.names();
    check.complaints.join("\n")
}

struct Check<'a> {
    dump: &'a Dump,
    base: &'a str,
    complaints: Vec<String>,
}

type Ids = BTreeSet<String>;

impl Check<'_> {
    fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Parts of names that follow `prefix`: workers, ids, unique keys.
    fn suffixes(&self, prefix: &str) -> Ids {
        let prefix = format!("{}{prefix}", self.base);
        self.dump.0.keys().filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    fn members(&self, key: &str) -> Ids {
        match self.dump.0.get(&format!("{}{key}", self.base)).map(|it| &it.content) {
            Some(Content::Hash(fields)) => fields.keys().cloned().collect(),
            Some(Content::ZSet(members)) => members.iter().map(|(_, id)| id.clone()).collect(),
            Some(Content::Set(members) | Content::List(members)) => {
                members.iter().cloned().collect()
            }
            Some(Content::Str(value)) => Ids::from([value.clone()]),
            Some(Content::Stream(_)) | None => Ids::new(),
        }
    }

    /// Those of a sorted set whose score is like that.
    fn scored(&self, key: &str, is: impl Fn(&str) -> bool) -> Ids {
        match self.dump.0.get(&format!("{}{key}", self.base)).map(|it| &it.content) {
            Some(Content::ZSet(members)) => {
                members.iter().filter(|(score, _)| is(score)).map(|(_, id)| id.clone()).collect()
            }
            _ => Ids::new(),
        }
    }

    fn hash(&self, key: &str) -> BTreeMap<String, String> {
        match self.dump.0.get(&format!("{}{key}", self.base)).map(|it| &it.content) {
            Some(Content::Hash(fields)) => fields.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// Every job is in one state, and every id in a state is a job.
    fn one_place_each(&mut self, jobs: &Ids) {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let states = ["waiting", "delayed", "completed", "failed", "cancelled"].map(str::to_owned);
        let workers = self.suffixes("running:");
        let running = workers.iter().map(|worker| format!("running:{worker}"));
        for state in states.into_iter().chain(running) {
            for id in self.members(&state) {
                places.entry(id).or_default().push(state.clone());
            }
        }
        for id in jobs.union(&places.keys().cloned().collect()) {
            let places = places.get(id).map_or(&[][..], Vec::as_slice);
            if !jobs.contains(id) {
                self.complain(format!("{id} has no record and is in {places:?}"));
            } else if places.len() != 1 {
                self.complain(format!("{id} is in {places:?}"));
            }
        }
        // Nobody would ever take these back.
        for worker in workers.difference(&self.members("workers")) {
            self.complain(format!("{worker} holds jobs and has no lease"));
        }
    }

    /// A rank is a whole number that no float rounds: a job goes back to just where it was.
    fn ranks(&mut self) {
        let waiting = self.dump.0.get(&format!("{}waiting", self.base)).map(|it| &it.content);
        let Some(Content::ZSet(members)) = waiting else {
            return;
        };
        let lanes = self.hash("lane_of");
        for (rank, id) in members {
            let rank = rank.parse::<i64>().unwrap_or(i64::MIN);
            let lane = lanes.contains_key(id);
            let whole = if lane { rank + (1 << 53) } else { rank };
            if !(0..1 << 53).contains(&whole) || (rank < 0) != lane {
                self.complain(format!("{id} has the rank {rank}"));
            }
        }
    }

    /// The jobs that have ended.
    fn ended(&self) -> Ids {
        let states = ["completed", "failed", "cancelled"];
        states.iter().flat_map(|state| self.members(state)).collect()
    }

    /// Columns have values of jobs alone; of exactly the ended jobs there are outcomes.
    fn columns(&mut self, jobs: &Ids) {
        let columns = [
            "priority", "attempts", "stalls", "misses", "progress", "outcomes", "uniques",
            "listed", "expiring", "lane_of", "cancels",
        ];
        for column in columns {
            for id in self.members(column).difference(jobs) {
                self.complain(format!("{column} has {id}, which is no job"));
            }
        }
        for pool in self.suffixes("pool:") {
            let state = pool.split(':').next().unwrap_or_default().to_owned();
            for id in self.members(&format!("pool:{pool}")).difference(&self.members(&state)) {
                self.complain(format!("the pool {pool} has {id}, which isn't {state}"));
            }
        }
        let ended = self.ended();
        for id in self.members("outcomes").symmetric_difference(&ended) {
            self.complain(format!("{id} has an outcome or has ended, and not both"));
        }
    }

    /// A job that is in a lane waits, and stands there alone.
    fn lanes(&mut self) {
        let of = self.hash("lane_of");
        let lanes = self.suffixes("lane:");
        if lanes != self.members("lanes") {
            self.complain(format!("there are the lanes {lanes:?}, and not those that are known"));
        }
        let there: BTreeSet<(String, String)> = lanes
            .iter()
            .flat_map(|lane| {
                self.members(&format!("lane:{lane}")).into_iter().map(|id| (id, lane.clone()))
            })
            .collect();
        if there != of.clone().into_iter().collect() {
            self.complain(format!("jobs are in lanes {there:?} and not as {of:?} says"));
        }
        let waiting = self.members("waiting");
        for id in of.keys().filter(|id| !waiting.contains(*id)) {
            self.complain(format!("{id} is in a lane and doesn't wait"));
        }
    }

    /// Lists belong to the jobs that are said to have such, or they would stay for ever.
    fn listed(&mut self) {
        let lists = &self.suffixes("errors:") | &self.suffixes("logs:");
        for id in lists.symmetric_difference(&self.members("listed")) {
            self.complain(format!("{id} has lists or is listed, and not both"));
        }
    }

    /// The value of a unique key.
    fn value(&self, key: &str) -> String {
        self.members(&format!("unique:{key}")).pop_first().unwrap_or_default()
    }

    /// A job that waits for another of its key is known to that.
    fn parked(&mut self) {
        let known = self.hash("uniques");
        for id in self.scored("delayed", |due| due == PARKED.to_string()) {
            let value = known.get(&id).map(|key| self.value(key)).unwrap_or_default();
            if value.split(' ').nth(3) != Some(&id) {
                self.complain(format!("nobody knows that {id} waits for its key"));
            }
        }
    }

    /// A key without a time to live is that of a job which knows it.
    fn unique_keys(&mut self) {
        let known = self.hash("uniques");
        for key in self.suffixes("unique:") {
            let dumped = &self.dump.0[&format!("{}unique:{key}", self.base)];
            let value = self.value(&key);
            let holder = value.split(' ').next().unwrap_or_default();
            if !dumped.expires && known.get(holder) != Some(&key) {
                self.complain(format!("unique key {key} stays with {holder} for ever"));
            }
        }
        let ended = self.ended();
        for (id, key) in known.into_iter().filter(|(id, key)| !ended.contains(id) && key != LAPSES)
        {
            let value = self.value(&key);
            let words: Vec<&str> = value.split(' ').collect();
            if words[0] != id && words.get(3) != Some(&id.as_str()) {
                self.complain(format!("{id} doesn't stand for its unique key {key}"));
            }
        }
        if self
            .dump
            .0
            .get(&format!("{}wake", self.base))
            .is_some_and(|it| !matches!(&it.content, Content::List(tokens) if tokens.len() == 1))
        {
            self.complain("there is more than one token".to_owned());
        }
    }

    /// Only jobs that run are marked, and the queue knows whether any is.
    fn marks(&mut self) {
        let running = self.suffixes("running:");
        let running: Ids =
            running.iter().flat_map(|worker| self.members(&format!("running:{worker}"))).collect();
        let marked = self.members("cancels");
        for id in marked.difference(&running) {
            self.complain(format!("{id} is to be cancelled and doesn't run"));
        }
        if marked.is_empty() == self.hash("meta").contains_key("cancelling") {
            self.complain(format!("the queue doesn't know whether of {marked:?} any is marked"));
        }
    }

    /// No key stands there that no job, worker or queue has.
    fn names(&mut self) {
        let known = [
            "jobs",
            "waiting",
            "delayed",
            "completed",
            "failed",
            "workers",
            "priority",
            "attempts",
            "stalls",
            "misses",
            "progress",
            "outcomes",
            "uniques",
            "listed",
            "expiring",
            "visibility",
            "lanes",
            "lane_of",
            "meta",
            "events",
            "wake",
            "pools",
            "cancelled",
            "cancels",
            "tags",
        ];
        for name in self.suffixes("") {
            let family =
                ["running:", "errors:", "logs:", "unique:", "producer:", "lane:", "pool:", "tag:"];
            if !known.contains(&name.as_str()) && !family.iter().any(|it| name.starts_with(it)) {
                self.complain(format!("the key {name} is nobody's"));
            }
        }
        for key in self.dump.0.keys().filter(|key| !key.starts_with(self.base)) {
            self.complaints.push(format!("the key {key} is of no queue"));
        }
    }
}

#[test]
fn broken_invariants_are_found() {
    let cases = [
        ("ZADD jq:{q}:waiting 1 a", "a has no record and is in [\"waiting\"]"),
        ("HSET jq:{q}:jobs a r", "a is in []"),
        ("HSET jq:{q}:running:w a 1:1", "w holds jobs and has no lease"),
        ("ZADD jq:{q}:waiting -1 a", "a has the rank -1"),
        ("ZADD jq:{q}:pool:failed:x 1 a", "the pool failed:x has a, which isn't failed"),
        ("HSET jq:{q}:misses a 1", "misses has a, which is no job"),
        ("ZADD jq:{q}:failed 1 a", "a has an outcome or has ended, and not both"),
        ("RPUSH jq:{q}:errors:a e", "a has lists or is listed, and not both"),
        ("SET jq:{q}:unique:k a", "unique key k stays with a for ever"),
        ("HSET jq:{q}:cancels a m", "a is to be cancelled and doesn't run"),
        ("HSET jq:{q}:meta cancelling 1", "the queue doesn't know whether of {} any is marked"),
        ("HSET jq:{q}:uniques a k", "a doesn't stand for its unique key k"),
        ("ZADD jq:{q}:delayed 281474976710657 a", "nobody knows that a waits for its key"),
        ("RPUSH jq:{q}:wake 1 1", "there is more than one token"),
        ("SET jq:{q}:other x", "the key other is nobody's"),
        ("SET jq:{p}:meta x", "the key jq:{p}:meta is of no queue"),
    ];
    for (given, complaint) in cases {
        let mut rig = Rig::new("");
        rig.given([given]);
        let found = complaints(&rig.dump(), Rig::BASE);
        assert!(found.contains(complaint), "{given}: {found}");
    }
    let mut rig = Rig::new("");
    rig.given(["ZADD jq:{q}:waiting 1 a", "ZADD jq:{q}:delayed 1 a", "HSET jq:{q}:jobs a r"]);
    assert_eq!(complaints(&rig.dump(), Rig::BASE), "a is in [\"waiting\", \"delayed\"]");
}

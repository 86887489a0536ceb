//! The state of a queue at the end: where each job is, the columns, and the queue's own history.

use std::collections::{BTreeMap, BTreeSet};

use jobqueue::internals::event_ids;
use jobqueue_engine::Reply;

use crate::stage::{Stage, base};

/// All of a queue.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) records: BTreeSet<String>,
    /// Every place of a job: one for each set and worker that has it.
    pub(crate) places: BTreeMap<String, Vec<&'static str>>,
    /// The events, oldest first: when by the server's clock, what, of which jobs.
    pub(crate) events: Vec<(u64, String, Vec<String>)>,
    pub(crate) columns: BTreeMap<String, BTreeSet<String>>,
    /// Unique keys, and which job each belongs to.
    pub(crate) claims: BTreeMap<String, String>,
    /// The same as the jobs have it.
    pub(crate) uniques: BTreeMap<String, String>,
    pub(crate) leases: BTreeSet<String>,
    pub(crate) holders: BTreeSet<String>,
    pub(crate) strange: Vec<String>,
    pub(crate) effects: i64,
    /// Added, completed, failed, cancelled.
    pub(crate) totals: [i64; 4],
    /// Flows that jobs wait for, and parts of flows that don't expire.
    pub(crate) children: BTreeSet<String>,
    pub(crate) standing_flows: BTreeSet<String>,
    /// Unique keys that run out by themselves.
    pub(crate) lasting: BTreeMap<String, String>,
}

const PLACES: [&str; 5] = ["waiting", "delayed", "completed", "failed", "cancelled"];
const COLUMNS: [&str; 10] = [
    "priority", "attempts", "stalls", "misses", "progress", "outcomes", "lane_of", "cancels",
    "group_of", "keys_of",
];
const PLAIN: [&str; 31] = [
    "keys:blocked",
    "ticking",
    "meta",
    "events",
    "wake",
    "outbox",
    "sources",
    "relay",
    "histograms",
    "history",
    "history:1m",
    "history:10m",
    "history:1h",
    "deploys",
    "topic",
    "bindings",
    "messages",
    "replays",
    "visibility",
    "lanes",
    "groups",
    "passes",
    "weights",
    "group_limits",
    "groups:tat",
    "groups:until",
    "pools",
    "flows",
    "flow:ids",
    "flows:ended",
    "flows:kept",
];
/// What expires by itself, or is empty of meaning: notes of calls, ends of waits, claims of effects.
const PASSING: [&str; 7] = ["producer", "publisher", "sender", "wake", "once", "inbox", "cancel"];

impl Ledger {
    pub(crate) fn read(stage: &Stage, queue: &str) -> Self {
        let base = base(queue);
        let mut ledger = Self::default();
        let mut keys = texts(&stage.ask(&["KEYS", &format!("{base}*")]));
        keys.sort();
        for key in &keys {
            let name = key.strip_prefix(&base).unwrap_or(key);
            ledger.read_key(stage, key, name);
        }
        ledger.read_events(stage, &format!("{base}events"));
        ledger.effects = stage.count("XLEN", &format!("{base}outbox"));
        let totals = ["added", "completed", "failed", "cancelled"];
        ledger.totals = totals.map(|total| {
            let reply = stage.ask(&["HGET", &format!("{base}meta"), total]);
            text(&reply).parse().unwrap_or(0)
        });
        ledger
    }

    fn read_key(&mut self, stage: &Stage, key: &str, name: &str) {
        let (stem, rest) = name.split_once(':').unwrap_or((name, ""));
        let keys = || texts(&stage.ask(&["HKEYS", key]));
        let range = || texts(&stage.ask(&["ZRANGE", key, "0", "-1"]));
        match stem {
            "jobs" => self.records = keys().into_iter().collect(),
            "uniques" => self.uniques = pairs(&stage.ask(&["HGETALL", key])),
            "expiring" => self.column(stem, range()),
            "lane" | "pool" => self.column(stem, range()),
            "groups" if rest == "active" => {
                self.column("room of groups", ids_of(&range()));
            }
            "keys" if rest != "blocked" => {
                self.column("room of keys", ids_of(&range()));
            }
            "waiting" if !rest.is_empty() => self.column("waiting apart", range()),
            "listed" => self.column(stem, texts(&stage.ask(&["SMEMBERS", key]))),
            "children" => {
                self.column(stem, keys());
                let flows = texts(&stage.ask(&["HVALS", key]));
                let flows = flows.iter().flat_map(|keys| keys.split_whitespace());
                self.children.extend(flows.map(str::to_owned));
            }
            // Those that have ended go after their time, but for the children of a job.
            "flow" if name != "flow:ids" => {
                if stage.count("PTTL", key) < 0 {
                    let flow = rest.split(':').next().unwrap_or_default();
                    self.standing_flows.insert(flow.to_owned());
                }
            }
            "errors" | "logs" | "steps" => self.column(stem, vec![rest.to_owned()]),
            "running" => {
                self.holders.insert(rest.to_owned());
                self.place(keys(), "active");
            }
            // One that has run out is taken back by whoever comes next, and here nobody does.
            "workers" if key.contains("{hand}") => {
                let now = stage.now().to_string();
                let held = stage.ask(&["ZRANGEBYSCORE", key, &now, "+inf"]);
                self.leases = texts(&held).into_iter().collect();
            }
            "workers" => self.leases = range().into_iter().collect(),
            "unique" => {
                // Behind its id there may be what a debounce or a successor needs.
                let value = text(&stage.ask(&["GET", key]));
                let id = value.split(' ').next().unwrap_or_default().to_owned();
                let runs_out = stage.count("PTTL", key) >= 0;
                let claims = if runs_out { &mut self.lasting } else { &mut self.claims };
                claims.insert(rest.to_owned(), id);
            }
            _ if PASSING.contains(&stem) && !rest.is_empty() => {}
            _ if PLAIN.contains(&name) => {}
            _ => {
                if let Some(place) = PLACES.iter().find(|place| **place == name) {
                    self.place(range(), place);
                } else if COLUMNS.contains(&name) {
                    self.column(name, keys());
                } else if stage.count("PTTL", key) < 0 {
                    self.strange.push(name.to_owned());
                }
            }
        }
    }

    fn column(&mut self, name: &str, ids: Vec<String>) {
        self.columns.entry(name.to_owned()).or_default().extend(ids);
    }

    fn place(&mut self, ids: Vec<String>, place: &'static str) {
        for id in ids {
            self.places.entry(id).or_default().push(place);
        }
    }

    fn read_events(&mut self, stage: &Stage, key: &str) {
        let Reply::Array(entries) = stage.ask(&["XRANGE", key, "-", "+"]) else { return };
        for entry in entries {
            let Reply::Array(parts) = entry else { continue };
            let [id, fields] = &parts[..] else { continue };
            let ms = text(id).split('-').next().and_then(|ms| ms.parse().ok()).unwrap_or(0);
            for field in texts(fields).chunks(2) {
                let ids = event_ids(&field[1]).iter().map(ToString::to_string).collect();
                self.events.push((ms, field[0].clone(), ids));
            }
        }
    }

    /// The events of each job, oldest first.
    pub(crate) fn histories(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut histories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (_, kind, ids) in &self.events {
            for id in ids {
                histories.entry(id).or_default().push(kind);
            }
        }
        histories
    }

    /// How many events of a kind, counted by jobs.
    pub(crate) fn count(&self, kind: &str) -> usize {
        let of = |event: &&(u64, String, Vec<String>)| event.1 == kind;
        self.events.iter().filter(of).map(|(_, _, ids)| ids.len()).sum()
    }
}

/// The ids in members `<name>\n<id>`.
fn ids_of(members: &[String]) -> Vec<String> {
    members.iter().filter_map(|it| Some(it.split_once('\n')?.1.to_owned())).collect()
}

fn text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(bytes) | Reply::Status(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}

fn texts(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Array(items) => items.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

fn pairs(reply: &Reply) -> BTreeMap<String, String> {
    let items = texts(reply);
    items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

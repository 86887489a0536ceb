//! The scripts of flows and the outbox, on a server of their own.

use std::collections::BTreeMap;

use jobqueue_tests::{
    raw::{Rig, Try, args, refusal},
    scripts::{is_once, keys, scripts},
    server::RedisServer,
};
use redis::{Connection, Value, cmd};

use super::shape::Shape;

/// The one flow that there is at a time.
pub(super) const KEY: &str = "01JABCDEFGHJKMNPQRSTVWXYZ0";

const SCRIPTS: [&str; 6] =
    ["flow/stage", "flow/note", "flow/cancel", "flow/retry", "flow/remove", "outbox/take"];

pub(super) struct Bench {
    pub(super) connection: Connection,
    scripts: BTreeMap<&'static str, Loaded>,
    number: u64,
    _server: RedisServer,
}

struct Loaded {
    sha: String,
    keys: Vec<String>,
    once: bool,
}

/// An entry of the outbox.
pub(super) struct Entry {
    pub(super) entry: String,
    pub(super) to: String,
    pub(super) id: String,
    pub(super) record: String,
    /// How jobs are to be cancelled, if it asks for that.
    pub(super) cancel: Option<String>,
    /// More jobs for the same target: ids and records.
    pub(super) more: Vec<(String, String)>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let server = RedisServer::builder().unix_socket().start();
        let mut connection = server.connection();
        let wanted = scripts().iter().filter(|script| SCRIPTS.contains(&script.name));
        let loaded = wanted.map(|script| {
            let mut load = cmd("SCRIPT");
            let sha = load.arg("LOAD").arg(script.source).query(&mut connection).expect("loaded");
            let (keys, once) = (keys(script.source), is_once(script.source));
            (script.name, Loaded { sha, keys, once })
        });
        let scripts = loaded.collect();
        Self { connection, scripts, number: 0, _server: server }
    }

    fn call(&mut self, script: &str, mut args: Vec<Vec<u8>>) -> Value {
        let script = &self.scripts[script];
        let mut keys: Vec<String> =
            script.keys.iter().map(|key| format!("{}{key}", Rig::BASE)).collect();
        if script.once {
            self.number += 1;
            keys.push(Rig::SENDER.to_owned());
            args.extend(Try { number: self.number, resend: false }.args());
        }
        let mut eval = cmd("EVALSHA");
        eval.arg(&script.sha).arg(keys.len()).arg(&keys).arg(&args);
        eval.query(&mut self.connection).unwrap_or_else(|error| panic!("{}", refusal(&error)))
    }

    /// Starts a flow on an empty server.
    pub(super) fn start(&mut self, flow: &Shape) {
        self.number = 0;
        let () = cmd("FLUSHALL").arg("SYNC").query(&mut self.connection).expect("flushed");
        let list = |groups: &mut dyn Iterator<Item = usize>| {
            let groups: Vec<String> = groups.map(|group| group.to_string()).collect();
            if groups.is_empty() { "-".to_owned() } else { groups.join(",") }
        };
        // In parts of random sizes they would be the same: this is about what follows.
        for (at, group) in flow.groups.iter().enumerate() {
            let mut part = args![Rig::BASE, KEY, 60_000, u8::from(at == 0), group.members];
            for member in 0..group.members {
                part.extend(args![format!("{at}.{member}"), format!("record {at}.{member}")]);
            }
            let (members, needs) = (group.members, list(&mut group.needs.iter().copied()));
            let (letter, dependents) = (group.policy.letter(), list(&mut flow.dependents(at)));
            let queues = flow.queues(at);
            let text = format!("{members} {letter} 0 - - - {queues} {dependents} {needs}");
            part.extend(args![1, at, text, members, group.needs.len(), ""]);
            self.call("flow/stage", part);
        }
        let root = flow.root.map(|root| root.to_string()).unwrap_or_default();
        let many = flow.root.is_some_and(|root| flow.groups[root].members != 1);
        let mut last = args![Rig::BASE, KEY, 60_000, 0, 0, 0, "id", "nodes", flow.nodes()];
        last.extend(args!["groups", flow.groups.len(), "root", root, "many", u8::from(many)]);
        last.extend(args!["keep", 1_000_000, "keep_failed", 1_000_000]);
        for follow in ["success", "complete", "death"] {
            last.extend(args![follow, format!("w0 0 {follow}")]);
        }
        self.call("flow/stage", last);
    }

    /// Takes entries, after it has removed those that were delivered.
    pub(super) fn take(&mut self, most: usize, delivered: &[String]) -> Vec<Entry> {
        let mut args = args!["w1", 5_000, most, "0-0", 0, ""];
        args.extend(args![delivered]);
        let [_, entries, _] = list(self.call("outbox/take", args)).try_into().expect("three");
        list(entries).into_iter().map(Entry::read).collect()
    }

    pub(super) fn note(&mut self, ends: &[(String, &'static [u8])]) {
        let mut args = args![Rig::BASE];
        for (id, outcome) in ends {
            args.extend(args![id.as_str(), *outcome]);
        }
        self.call("flow/note", args);
    }

    pub(super) fn cancel(&mut self) {
        self.call("flow/cancel", args![Rig::BASE, KEY, "why"]);
    }

    /// Answers whether it runs again.
    pub(super) fn retry(&mut self, from: &str) -> bool {
        self.call("flow/retry", args![Rig::BASE, KEY, from]) == Value::Int(1)
    }

    pub(super) fn remove(&mut self) {
        self.call("flow/remove", args![Rig::BASE, KEY]);
    }

    /// A hash of the flow; its own without a name.
    pub(super) fn hash(&mut self, part: &str) -> BTreeMap<String, String> {
        let part = if part.is_empty() { String::new() } else { format!(":{part}") };
        let key = format!("{}flow:{KEY}{part}", Rig::BASE);
        cmd("HGETALL").arg(key).query(&mut self.connection).expect("a hash")
    }

    pub(super) fn is_flowing(&mut self) -> bool {
        let key = format!("{}flowing", Rig::BASE);
        cmd("EXISTS").arg(key).query(&mut self.connection).expect("a number")
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        other => panic!("no list: {other:?}"),
    }
}

impl Entry {
    fn read(entry: Value) -> Self {
        let text = |value: Value| redis::from_redis_value::<String>(value).expect("text");
        let mut fields = list(entry).into_iter().map(text);
        let mut next = || fields.next().expect("a field");
        let (entry, to, id, _priority, record) = (next(), next(), next(), next(), next());
        let along: Vec<String> = fields.collect();
        let cancel = along.chunks(2).find(|pair| pair[0] == "cancel").map(|pair| pair[1].clone());
        let more = along.chunks(2).find(|pair| pair[0] == "more");
        let more = more.map(|pair| told_apart(&pair[1])).unwrap_or_default();
        Self { entry, to, id, record, cancel, more }
    }
}

/// Of each job the lengths of its id and its record, and both.
fn told_apart(mut text: &str) -> Vec<(String, String)> {
    let mut jobs = Vec::new();
    while !text.is_empty() {
        let mut parts = text.splitn(3, ' ');
        let mut length = || parts.next().and_then(|it| it.parse::<usize>().ok()).expect("a length");
        let (id, record) = (length(), length());
        let (id, rest) = parts.next().expect("both").split_at(id);
        let (record, rest) = rest.split_at(record);
        jobs.push((id.to_owned(), record.to_owned()));
        text = rest;
    }
    jobs
}

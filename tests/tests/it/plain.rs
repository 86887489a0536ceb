//! The scripts that answer most calls by a plain way first: random calls do the same without it. By
//! default 60 sequences of 40 steps, `JOBQUEUE_MODEL_CASES` of them if that is set; others with another
//! `JOBQUEUE_MODEL_SEED`.

use std::collections::BTreeMap;

use fastrand::Rng;
use jobqueue_tests::{
    dump::Dump,
    raw::{NOW, Rig, args, clocked, eval, run, set_clock},
    scripts::{keys, scripts},
    server::RedisServer,
    text,
};
use redis::{Connection, Value};

use crate::support::number;

/// What each call of such a script does first.
const FIRST: &str = "if plain_reply then return plain_reply end\n";

/// A script in both forms.
struct Script {
    /// As it is, and it counts the calls that it answers first.
    whole: String,
    /// Without what it does first, but for what that reads: `plain_…` answers nothing.
    rest: String,
    keys: Vec<String>,
}

fn script(name: &str, read_alone: &[(&str, &str)]) -> Script {
    let source = scripts().iter().find(|found| found.name == name).expect("a script").source;
    assert!(source.contains(FIRST), "{name} has a plain way");
    let counted = "if plain_reply then redis.call('INCR', 'plain') return plain_reply end\n";
    let mut rest = source.to_owned();
    for (from, to) in read_alone {
        assert!(rest.contains(from), "{name}: {from}");
        rest = rest.replacen(from, to, 1);
    }
    Script {
        whole: clocked(&source.replace(FIRST, counted)),
        rest: clocked(&rest),
        keys: keys(source),
    }
}

/// One queue, twice: where calls are made in both forms.
struct Both {
    add: Script,
    advance: Script,
    servers: [Connection; 2],
    now: u64,
    numbers: u64,
    /// What each worker holds.
    held: BTreeMap<&'static str, Vec<String>>,
    added: u32,
    log: Vec<String>,
    calls: [u32; 2],
}

impl Both {
    fn new(servers: &[RedisServer; 2]) -> Self {
        let never = "if not plain_add_is(args, meta, n) then";
        let nothing = "if n then exact, other = plain_advance_look(keys, args, meta, leases) end";
        Self {
            add: script("job/add", &[(never, "if true then")]),
            advance: script("worker/advance", &[(nothing, "")]),
            servers: [0, 1].map(|which: usize| servers[which].connection()),
            now: NOW,
            numbers: 0,
            held: BTreeMap::from([("w1", Vec::new()), ("w2", Vec::new())]),
            added: 0,
            log: Vec::new(),
            calls: [0, 0],
        }
    }

    fn given(&mut self, command: &str) {
        self.log.push(command.to_owned());
        for server in &mut self.servers {
            run(server, command);
        }
    }

    /// Calls a script on both, and compares. Answers the reply if it was no refusal.
    fn call(&mut self, adds: bool, worker: &str, args: &[Vec<u8>]) -> Option<Value> {
        let readable: Vec<_> = args.iter().map(|arg| String::from_utf8_lossy(arg)).collect();
        self.log.push(format!("{} {readable:?}", if adds { "add" } else { "advance" }));
        self.calls[usize::from(!adds)] += 1;
        let script = if adds { &self.add } else { &self.advance };
        let key = |name: &String| match name.as_str() {
            "running" => format!("{}running:{worker}", Rig::BASE),
            name => format!("{}{name}", Rig::BASE),
        };
        let mut keys: Vec<String> = script.keys.iter().map(key).collect();
        if adds {
            keys.push(format!("{}producer:p", Rig::BASE));
        }
        let [whole, rest] = &mut self.servers;
        let answers = [(whole, &script.whole), (rest, &script.rest)].map(|(server, source)| {
            set_clock(server, self.now);
            let answer = eval(server, source, &keys, args.to_vec());
            let dump = Dump::of_prefix(server, "jq:");
            (answer.map_err(|refusal| code(&refusal)), dump)
        });
        let [(left, one), (right, other)] = answers;
        let log = self.log.join("\n");
        let shown =
            |answer: &Result<Value, String>| answer.as_ref().map(text::reply).map_err(Clone::clone);
        assert_eq!(shown(&left), shown(&right), "{log}");
        one.assert_unchanged_since(&other);
        left.ok()
    }

    fn add(&mut self, rng: &mut Rng) {
        self.numbers += 1;
        let (n, mut jobs, mut ids) = (rng.usize(1..4), Vec::new(), Vec::new());
        for _ in 0..n {
            self.added += 1;
            let size = if rng.u8(..20) == 0 { 1_500 } else { rng.usize(1..20) };
            ids.push(format!("j{:04}", self.added));
            jobs.push((ids[ids.len() - 1].clone(), "r".repeat(size)));
        }
        let resend = u8::from(rng.u8(..12) == 0);
        let number = if rng.u8(..12) == 0 { self.numbers.max(2) - 1 } else { self.numbers };
        let chosen = if rng.u8(..12) == 0 { "1" } else { "0" };
        let mut args = args![chosen, number, 60_000, resend, n];
        for (id, record) in jobs {
            args.extend(args![id, record]);
        }
        match rng.u8(..8) {
            0 => args.extend(args![1, 1, rng.i32(-2..3), "", 0, "", ""]),
            1 => args.extend(args![1, 1, 0, format!("+{}", rng.u32(1..30)), 0, "", ""]),
            _ => args.extend(args![0]),
        }
        if rng.bool() {
            args.extend(args![ids.join(" ")]);
            if rng.u8(..10) == 0 {
                args.extend(args![1, rng.u32(1..50)]);
            }
        }
        self.call(true, "", &args);
    }

    fn advance(&mut self, rng: &mut Rng) {
        let worker = ["w1", "w2"][rng.usize(..2)];
        let held = self.held[worker].clone();
        // At times it is out of step.
        let believed = held.len() + usize::from(rng.u8(..20) == 0);
        let lease = [3_000, 10_000][rng.usize(..2)];
        let throttle = if rng.u8(..30) == 0 { 20 } else { 0 };
        let mut args = args![Rig::BASE, worker, lease, believed, rng.u32(..6), throttle, ""];
        let ends = rng.usize(..=held.len());
        let (mut ended, mut left) = (held[..ends].to_vec(), held[ends..].to_vec());
        let (mut retried, mut released, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        match rng.u8(..12) {
            0 if !left.is_empty() => retried = args![left.remove(0), 1, rng.u32(..2) * 15],
            1 if !left.is_empty() => released = args![left.remove(0), rng.u32(..2) * 15, -1],
            2 if !ended.is_empty() => errors = args![&ended[0], "an error"],
            _ => {}
        }
        self.outcome(rng, &mut ended, &mut args);
        args.extend(args![retried.len() / 3, retried, released.len() / 3, released]);
        args.extend(args![10, errors.len() / 2, errors]);
        if let Some(Value::Array(reply)) = self.call(false, worker, &args) {
            let Value::BulkString(taken) = &reply[4] else { panic!("ids") };
            left.extend(String::from_utf8_lossy(taken).split_whitespace().map(str::to_owned));
            self.held.insert(worker, left);
        }
    }

    /// The block of the jobs that ended.
    fn outcome(&self, rng: &mut Rng, ended: &mut Vec<String>, args: &mut Vec<Vec<u8>>) {
        let (kind, count) = (
            ["completed", "completed", "completed", "failed", "completed p"][rng.usize(..5)],
            [0, 3, -1][rng.usize(..3)],
        );
        let age = [-1, 40][rng.usize(..2)];
        if ended.is_empty() {
            return args.extend(args![0]);
        }
        args.extend(args![1, kind, count, age, ended.len()]);
        for id in ended {
            args.extend(args![id.as_str()]);
            if count != 0 {
                args.extend(args!["an outcome"]);
            }
        }
    }

    /// A setting comes or goes, time passes, or something odd stands there.
    fn change(&mut self, rng: &mut Rng) {
        const FIELDS: &[(&str, &str)] = &[
            ("events", "0"),
            ("events", "5"),
            ("aging", "60000"),
            ("paused", "1"),
            ("max_length", "8"),
            ("ttl", "30"),
            ("active", "2"),
            ("rate", "10.000~2"),
            ("dead_letter", "dead"),
            ("ticks", "1700000000500"),
            ("largest", "200000"),
            ("ended", "1700000000900"),
            ("newest", "1700000000100~j0001"),
            ("grouped", "1"),
            ("layout", "7"),
        ];
        let (field, value) = FIELDS[rng.usize(..FIELDS.len())];
        match rng.u8(..11) {
            0 => self.given(&format!("HSET jq:{{q}}:meta {field} {value}")),
            1..7 => {
                for (field, _) in FIELDS {
                    self.given(&format!("HDEL jq:{{q}}:meta {field}"));
                }
                self.given("HSET jq:{q}:meta layout 2");
                // What has sparse columns is plain again when they are gone.
                for key in ["delayed", "priority", "attempts", "misses", "stalls", "listed"] {
                    self.given(&format!("DEL jq:{{q}}:{key}"));
                }
            }
            7 => self.given("DEL jq:{q}:wake"),
            8 => self.now += rng.u64(1..100),
            9 => self.now += rng.u64(1..8_000),
            _ => self.now -= rng.u64(1..9_000),
        }
    }

    /// A key of another type for one call.
    fn spoil(&mut self, rng: &mut Rng) {
        let keys = ["events", "outcomes", "outbox", "completed", "producer:p", "tags"];
        let key = format!("jq:{{q}}:{}", keys[rng.usize(..keys.len())]);
        let exists =
            |server: &mut Connection| run(server, &format!("EXISTS {key}")) != Value::Int(0);
        if exists(&mut self.servers[0]) {
            return;
        }
        self.given(&format!("SADD {key} odd"));
        if rng.bool() {
            self.add(rng)
        } else {
            self.advance(rng)
        }
        self.given(&format!("DEL {key}"));
    }

    /// The workers join: what they held and lost is gone from both.
    fn join(&mut self) {
        for worker in ["w1", "w2"] {
            let known = run(&mut self.servers[0], &format!("ZSCORE jq:{{q}}:workers {worker}"));
            if known == Value::Nil {
                self.held.insert(worker, Vec::new());
                self.given(&format!("ZADD jq:{{q}}:workers {} {worker}", self.now + 10_000));
            }
        }
    }
}

/// The code of a refusal: what follows may name the script and its line.
fn code(refusal: &str) -> String {
    refusal.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn the_plain_way_does_what_the_whole_one_does() {
    let servers = [RedisServer::start(), RedisServer::start()];
    let seed = number("JOBQUEUE_MODEL_SEED", 1);
    let (mut calls, mut plain) = ([0, 0], 0);
    for case in 0..number("JOBQUEUE_MODEL_CASES", 60) {
        let mut both = Both::new(&servers);
        both.given("FLUSHALL");
        both.given("HSET jq:{q}:meta layout 2");
        let mut rng = Rng::with_seed(u64::from(seed) << 32 | u64::from(case));
        both.log.push(format!("case {case} of seed {seed}"));
        for _ in 0..40 {
            both.join();
            match rng.u8(..20) {
                0..7 => both.add(&mut rng),
                7..16 => both.advance(&mut rng),
                16 => both.spoil(&mut rng),
                _ => both.change(&mut rng),
            }
        }
        let answered = run(&mut both.servers[0], "GET plain");
        plain += u32::try_from(
            redis::from_redis_value::<Option<i64>>(answered).expect("a number").unwrap_or(0),
        )
        .expect("few");
        calls = [calls[0] + both.calls[0], calls[1] + both.calls[1]];
    }
    let all = calls[0] + calls[1];
    println!("{} adds, {} turns, {plain} of them plain", calls[0], calls[1]);
    // Both ways are tried, and often.
    assert!(plain * 5 > all && (all - plain) * 5 > all, "{plain} of {all} calls are plain");
}

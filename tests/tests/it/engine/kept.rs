//! What random commands leave: the same after the engine's folder was read again, and the same on
//! a real server that gets the engine's dump.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use fastrand::Rng;
use jobqueue_engine::{Clock, Engine, Folder, Options, Reply};
use jobqueue_tests::{folder::SharedFolder, server::RedisServer};
use redis::{Connection, Value, cmd};

use super::random::command;

/// How many sequences, and how many commands each has.
const SEQUENCES: u64 = 60;
const SEQUENCE: usize = 300;

/// A day from now, so that a real server, too, finds nothing expired.
fn tomorrow() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after the epoch");
    u64::try_from((now + Duration::from_secs(86_400)).as_millis()).expect("not that late")
}

fn words(seed: u64) -> Vec<Vec<Bytes>> {
    let mut rng = Rng::with_seed(seed);
    let words = |_| command(&mut rng).words.into_iter().map(Bytes::from).collect();
    (0..SEQUENCE).map(words).collect()
}

/// What stands in an engine, whatever the order of fields and members.
fn shown(engine: &Arc<Engine>) -> Vec<String> {
    let mut lines = Vec::new();
    for command in engine.dump() {
        let [name, key, rest @ ..] = command.as_slice() else { panic!("no key: {command:?}") };
        let by = if name == "HSET" || name == "ZADD" { 2 } else { 1 };
        let is_unordered = ["HSET", "ZADD", "SADD"].iter().any(|it| name == it);
        let parts = if is_unordered { rest.chunks(by).collect() } else { vec![rest] };
        lines.extend(parts.into_iter().map(|part| format!("{name:?} {key:?} {part:?}")));
    }
    lines.sort();
    lines
}

#[test]
fn what_random_commands_leave_is_read_again() {
    let folder = SharedFolder::in_memory();
    let place = Folder::at(folder.path()).expect("a folder");
    let (now, mut before) = (tomorrow(), Vec::new());
    for seed in 0..SEQUENCES {
        let options = Options::new().clock(Clock::standing_at(now)).seed(seed).segment(20_000);
        let held = place.hold(&options).expect("held");
        assert_eq!(shown(held.engine()), before, "seed {seed}");
        for words in words(seed) {
            held.engine().call(&words);
        }
        before = shown(held.engine());
    }
    assert!(before.len() > 20, "{before:?}");
}

#[test]
fn a_dump_makes_the_same_on_a_real_server() {
    let server = RedisServer::builder().unix_socket().start();
    let mut redis = server.connection();
    let (now, mut seen) = (tomorrow(), 0);
    for seed in 0..SEQUENCES {
        cmd("FLUSHALL").exec(&mut redis).expect("emptied");
        let engine = Engine::new(Clock::standing_at(now), seed);
        for words in words(seed) {
            engine.call(&words);
        }
        let in_engine = all(&engine);
        for words in engine.dump() {
            let mut command = redis::Cmd::new();
            command.arg(words.iter().map(Bytes::as_ref).collect::<Vec<&[u8]>>());
            command.exec(&mut redis).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
        let in_redis = all_of(&mut redis);
        let differ = |one: &[String], other: &[String]| {
            one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>()
        };
        let more = (differ(&in_redis, &in_engine), differ(&in_engine, &in_redis));
        assert_eq!(more, (Vec::new(), Vec::new()), "seed {seed}: in redis, in the engine");
        assert_eq!(in_redis.len(), in_engine.len());
        seen += in_redis.len();
    }
    assert!(seen > 500, "{seen}");
}

/// How a key of each type is read.
const READS: [(&str, &str, &[&str]); 6] = [
    ("string", "GET", &[]),
    ("hash", "HGETALL", &[]),
    ("set", "SMEMBERS", &[]),
    ("zset", "ZRANGE", &["0", "-1", "WITHSCORES"]),
    ("list", "LRANGE", &["0", "-1"]),
    ("stream", "XRANGE", &["-", "+"]),
];

/// The lines of a server, by what answers its commands.
fn read(mut ask: impl FnMut(&[&str]) -> Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let Value::Array(keys) = ask(&["KEYS", "*"]) else { panic!("no keys") };
    let mut lines = Vec::new();
    for key in keys.iter().map(text) {
        let kind = text(&ask(&["TYPE", &key]));
        let (_, read, rest) = READS.iter().find(|(name, ..)| *name == kind).expect("a type");
        let sorted = |items: &[Value], by| {
            let mut rows: Vec<_> = items.chunks(by).map(|row| format!("{row:?}")).collect();
            rows.sort();
            rows.concat()
        };
        let found = match (kind.as_str(), ask(&[&[*read, &key], *rest].concat())) {
            ("hash", Value::Array(items)) => sorted(&items, 2),
            ("set", Value::Array(items)) => sorted(&items, 1),
            (_, other) => format!("{other:?}"),
        };
        lines.push(format!("{key} {kind} {found}"));
    }
    lines.sort();
    lines
}

fn all(engine: &Engine) -> Vec<String> {
    read(|words| {
        let words: Vec<_> =
            words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        value(engine.call(&words))
    })
}

fn all_of(redis: &mut Connection) -> Vec<String> {
    read(|words| {
        let mut command = cmd(words[0]);
        command.arg(&words[1..]);
        command.query(redis).expect("it answers")
    })
}

fn value(reply: Reply) -> Value {
    match reply {
        Reply::Status(text) => Value::SimpleString(String::from_utf8_lossy(&text).into_owned()),
        Reply::Integer(number) => Value::Int(number),
        Reply::Bulk(bytes) => Value::BulkString(bytes.to_vec()),
        Reply::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        Reply::Nil | Reply::NilArray | Reply::Refused(_) => Value::Nil,
    }
}

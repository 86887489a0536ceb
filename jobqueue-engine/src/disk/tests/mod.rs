//! Folders that are cut, damaged, left in the middle, and full.

mod answers;
mod crash;
mod cut;
mod damage;
mod refusing;

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use tempfile::TempDir;

use super::{
    error::OpenError,
    files::Files,
    log::Log,
    options::{Fsync, Options},
    recover::{Recovered, recover},
};
use crate::{clock::Clock, engine::Engine, keyspace::Keyspace, portable, reply::Reply};

/// A folder in memory, where syncs cost nothing, if there is such a place.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .expect("a folder")
}

fn copy(from: &Path) -> TempDir {
    let to = folder();
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.path().join(entry.file_name())).expect("copied");
    }
    to
}

fn open(files: Files, options: &Options) -> Arc<Engine> {
    let (log, keyspace) = Log::open(files, options).expect("it opens");
    Engine::with(Clock::standing_at(1_000), keyspace, Some(log))
}

/// Calls an engine, and gives its answer if the call was acknowledged.
fn call(engine: &Engine, line: &str) -> Option<Reply> {
    let words: Vec<_> =
        line.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    match engine.call(&words) {
        Reply::Refused(refusal) => {
            assert_eq!(refusal.code(), "MISCONF", "{refusal}");
            None
        }
        reply => Some(reply),
    }
}

/// Writes one step of a history in which every state tells how many steps there were.
fn step(engine: &Engine, number: u64) -> bool {
    let script = "
        redis.call('SET', 'steps', ARGV[1])
        redis.call('HSET', 'hash', ARGV[1] % 50, ARGV[1])
        redis.call('RPUSH', 'list', ARGV[1])
        redis.call('LTRIM', 'list', -30, -1)
        redis.call('ZADD', 'sorted', ARGV[1], ARGV[1] % 70)
        redis.call('XADD', 'stream', 'MAXLEN', 20, '*', 'n', ARGV[1])
        redis.call('SET', 'short', ARGV[1], 'PX', 1000)";
    let words = ["EVAL", script, "0", &number.to_string()].map(str::to_owned);
    let reply = engine.call(&words.map(Bytes::from));
    if let Reply::Refused(refusal) = &reply {
        assert_eq!(refusal.code(), "MISCONF", "{refusal}");
        return false;
    }
    true
}

/// All that stands in a keyspace, in an order that doesn't depend on its past.
fn shown(keyspace: &Keyspace) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, slot) in keyspace.slots() {
        portable::each_command(key, slot, &mut |command| {
            let [name, key, rest @ ..] = command.as_slice() else { panic!("no key") };
            // What a hash or a set has may come in any order.
            for pair in rest.chunks(2) {
                lines.push(format!("{name:?} {key:?} {pair:?}"));
            }
        });
    }
    lines.sort();
    lines
}

/// Demands that two keyspaces are shown alike, and says only where they differ.
#[track_caller]
fn assert_same(found: &[String], expected: &[String], what: &str) {
    let more: Vec<_> = found.iter().filter(|line| !expected.contains(line)).take(9).collect();
    let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).take(9).collect();
    assert!(found == expected, "{what}: more {more:?}, missing {missing:?}");
}

fn steps(keyspace: &Keyspace) -> u64 {
    let text = keyspace.get::<Bytes>(b"steps").expect("a text");
    text.map_or(0, |text| str::from_utf8(text).expect("digits").parse().expect("a number"))
}

/// What a history of so many steps leaves.
fn expected(steps: u64) -> Vec<String> {
    let engine = Engine::new(Clock::standing_at(1_000), 7);
    for number in 1..=steps {
        assert!(step(&engine, number));
    }
    engine.with_keyspace(shown)
}

fn reopened(folder: &Path) -> Result<Recovered, OpenError> {
    recover(&Files::of(folder), 7)
}

fn options(fsync: Fsync) -> Options {
    Options::new().fsync(fsync).clock(Clock::standing_at(1_000)).segment(4_000)
}

//! Random sequences of commands, by the engine and by a real server: the same answers?
//!
//! `JOBQUEUE_ENGINE_COMMANDS` says how many commands are compared.

use std::env;

use bytes::Bytes;
use fastrand::Rng;
use jobqueue_engine::{Clock, Engine, Reply};
use jobqueue_tests::server::RedisServer;
use redis::Value;

use super::random::{Command, command};

/// How many commands a sequence has.
const SEQUENCE: usize = 300;

#[test]
fn random_commands_are_answered_as_by_redis() {
    let commands = env::var("JOBQUEUE_ENGINE_COMMANDS").ok();
    let commands: usize = commands.map_or(200_000, |text| text.parse().expect("a number"));
    let server = RedisServer::builder().unix_socket().start();
    let mut redis = server.connection();
    let sequences = u64::try_from(commands.div_ceil(SEQUENCE)).expect("a number");
    for seed in 0..sequences {
        redis::cmd("FLUSHALL").exec(&mut redis).expect("it can be emptied");
        let mut rng = Rng::with_seed(seed);
        let commands: Vec<_> = (0..SEQUENCE).map(|_| command(&mut rng)).collect();
        let theirs = by_redis(&mut redis, &commands);
        let engine = Engine::new(Clock::standing_at(1_700_000_000_000), seed);
        for (at, (command, theirs)) in commands.iter().zip(theirs).enumerate() {
            let words: Vec<_> = command.words.iter().cloned().map(Bytes::from).collect();
            let ours = comparable(engine.call(&words), command.unordered_by);
            let theirs = comparable(converted(theirs), command.unordered_by);
            let words = command.words.join(" ");
            assert_eq!(ours, theirs, "seed {seed}, command {at}: {words}");
        }
    }
}

fn by_redis(redis: &mut redis::Connection, commands: &[Command]) -> Vec<Value> {
    let mut pipe = redis::pipe();
    pipe.ignore_errors();
    for command in commands {
        let (name, args) = command.words.split_first().expect("a name");
        pipe.cmd(name).arg(args);
    }
    pipe.query(redis).expect("the server answers")
}

fn converted(value: Value) -> Reply {
    match value {
        Value::Int(number) => Reply::Integer(number),
        Value::BulkString(bytes) => Reply::Bulk(bytes.into()),
        Value::SimpleString(text) => Reply::Status(text.into()),
        Value::Okay => Reply::status("OK"),
        Value::Array(items) => Reply::Array(items.into_iter().map(converted).collect()),
        // By its code alone: texts differ from version to version.
        Value::ServerError(error) => Reply::text(error.code()),
        _ => Reply::Nil,
    }
}

/// The same in one form: refusals by their codes, and what has no order sorted.
fn comparable(reply: Reply, unordered_by: usize) -> Reply {
    match reply {
        Reply::NilArray => Reply::Nil,
        Reply::Refused(refusal) => Reply::text(refusal.code()),
        Reply::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(|item| comparable(item, 0)).collect();
            if unordered_by > 0 {
                let mut rows: Vec<Vec<Reply>> =
                    items.chunks(unordered_by).map(<[_]>::to_vec).collect();
                rows.sort_by_key(|row| format!("{row:?}"));
                items = rows.concat();
            }
            Reply::Array(items)
        }
        other => other,
    }
}

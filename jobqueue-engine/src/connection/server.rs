//! What a client asks about the server, rather than of its keys.

use bytes::Bytes;

use crate::{command::is, engine::Engine, refusal::Refusal, reply::Reply};

/// The version whose behaviour this is.
const VERSION: &str = "7.0.15";

/// The answer, if this is such a question.
pub(super) fn answer(engine: &Engine, words: &[Bytes]) -> Option<Reply> {
    let (name, args) = words.split_first()?;
    let refused = |text| Reply::Refused(Refusal::new(text));
    Some(match (name.to_ascii_uppercase().as_slice(), args) {
        (b"PING", []) => Reply::status("PONG"),
        (b"PING" | b"ECHO", [text]) => Reply::Bulk(text.clone()),
        (b"SELECT", [number]) if number != "0" => refused("ERR DB index is out of range"),
        (b"SELECT" | b"READONLY" | b"ASKING", _) => Reply::OK,
        (b"CLIENT", args) => client(args),
        (b"INFO", _) => Reply::text(info(engine)),
        (b"PUBLISH", [channel, message]) => Reply::count(engine.publish(channel, message)),
        // It has no replicas.
        (b"WAIT", [_, _]) => Reply::Integer(0),
        (b"WAITAOF", [local, _, _]) if local != "0" => {
            refused("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
        }
        (b"WAITAOF", [_, _, _]) => Reply::Array(vec![Reply::Integer(0), Reply::Integer(0)]),
        (b"CONFIG", [get, _]) if is(get, "GET") => Reply::empty(),
        (b"CONFIG", _) => Reply::OK,
        (b"CLUSTER", _) => refused("ERR This instance has cluster support disabled"),
        (b"SLOWLOG", _) => Reply::empty(),
        (b"ROLE", []) => {
            Reply::Array(vec![Reply::text("master"), Reply::Integer(0), Reply::empty()])
        }
        _ => return None,
    })
}

fn client(args: &[Bytes]) -> Reply {
    match args {
        [what, ..] if is(what, "ID") => Reply::Integer(1),
        [what, ..] if is(what, "GETNAME") => Reply::Nil,
        [what, ..] if is(what, "SETINFO") || is(what, "SETNAME") => Reply::OK,
        _ => Reply::Refused(Refusal::new("ERR unknown subcommand of CLIENT")),
    }
}

fn info(engine: &Engine) -> String {
    let mut lines = vec![
        format!("# Server\r\nredis_version:{VERSION}\r\nredis_mode:standalone"),
        "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction".to_owned(),
        "# Persistence\r\nloading:0\r\naof_enabled:0".to_owned(),
        "# Replication\r\nrole:master\r\nconnected_slaves:0".to_owned(),
        "# Cluster\r\ncluster_enabled:0".to_owned(),
        "# Commandstats".to_owned(),
    ];
    let calls = engine.calls().into_iter();
    lines
        .extend(calls.map(|(name, calls)| {
            format!("cmdstat_{name}:calls={calls},usec=0,usec_per_call=0.00")
        }));
    lines.join("\r\n") + "\r\n"
}

//! What a client asks about the server, rather than of its keys.

use bytes::Bytes;

use super::clients;
use crate::{
    command::is,
    engine::{Client, Engine},
    refusal::Refusal,
    reply::Reply,
};

/// The version whose behaviour this is.
const VERSION: &str = "7.0.15";

/// The answer, if this is such a question.
pub(super) fn answer(engine: &Engine, asks: &Client, words: &[Bytes]) -> Option<Reply> {
    let (name, args) = words.split_first()?;
    let refused = |text| Reply::Refused(Refusal::new(text));
    Some(match (name.to_ascii_uppercase().as_slice(), args) {
        (b"PING", []) => Reply::status("PONG"),
        (b"PING" | b"ECHO", [text]) => Reply::Bulk(text.clone()),
        (b"SELECT", [number]) if number != "0" => refused("ERR DB index is out of range"),
        (b"SELECT" | b"READONLY" | b"ASKING", _) => Reply::OK,
        (b"CLIENT", args) => clients::answer(&engine.clients, asks, args),
        (b"INFO", args) => Reply::text(info(engine, args)),
        (b"PUBLISH", [channel, message]) => Reply::count(engine.publish(channel, message)),
        // It has no replicas.
        (b"WAIT", [_, _]) => Reply::Integer(0),
        (b"WAITAOF", [local, _, _]) if local != "0" => {
            refused("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
        }
        (b"WAITAOF", [_, _, _]) => Reply::Array(vec![Reply::Integer(0), Reply::Integer(0)]),
        (b"CONFIG", args) => engine.config(args),
        (b"CLUSTER", _) => refused("ERR This instance has cluster support disabled"),
        (b"SLOWLOG", args) => engine.slow_log(args),
        // What redis-cli asks for its hints.
        (b"COMMAND", _) => Reply::empty(),
        (b"ROLE", []) => {
            Reply::Array(vec![Reply::text("master"), Reply::Integer(0), Reply::empty()])
        }
        _ => return None,
    })
}

/// The answer to who hasn't said the password.
pub(super) const NO_PASSWORD: Reply =
    Reply::Refused(Refusal::new("NOAUTH Authentication required."));

/// `AUTH`, with the password, or with the one user's name and the password.
pub(super) fn authorize(engine: &Engine, args: &[Bytes]) -> Reply {
    const WRONG: Refusal =
        Refusal::new("WRONGPASS invalid username-password pair or user is disabled.");
    const NONE: Refusal = Refusal::new(
        "ERR AUTH <password> called without any password configured for the default user. Are you \
         sure your configuration is correct?",
    );
    let (user, password) = match args {
        [password] => (None, password),
        [user, password] => (Some(user), password),
        _ => return Reply::Refused(Refusal::wrong_number_of_arguments("auth")),
    };
    match (engine.is_password(password), user) {
        (_, Some(user)) if user != "default" => Reply::Refused(WRONG),
        (Some(true), _) | (None, Some(_)) => Reply::OK,
        (Some(false), _) => Reply::Refused(WRONG),
        (None, None) => Reply::Refused(NONE),
    }
}

/// What is kept on disk, and whether it is.
fn persistence(engine: &Engine) -> Vec<String> {
    let (on, status) = match engine.log() {
        None => (0, "ok"),
        Some(log) if log.refusal().is_some() => (1, "err"),
        Some(_) => (1, "ok"),
    };
    ["loading:0".to_owned(), format!("aof_enabled:{on}"), format!("aof_last_write_status:{status}")]
        .into()
}

/// All sections, or the one that is asked for. Commands are counted only when asked for, or among
/// everything.
fn info(engine: &Engine, sections: &[Bytes]) -> String {
    let (used, limit) = engine.memory();
    let clients = engine.clients.count();
    let counted = |(name, calls)| format!("cmdstat_{name}:calls={calls},usec=0,usec_per_call=0.00");
    let all: [(&str, Vec<String>); 7] = [
        ("Server", vec![format!("redis_version:{VERSION}"), "redis_mode:standalone".to_owned()]),
        ("Clients", vec![format!("connected_clients:{clients}")]),
        (
            "Memory",
            vec![
                format!("used_memory:{used}"),
                format!("maxmemory:{limit}"),
                "maxmemory_policy:noeviction".to_owned(),
            ],
        ),
        ("Persistence", persistence(engine)),
        ("Replication", vec!["role:master".to_owned()]),
        ("Cluster", vec!["cluster_enabled:0".to_owned()]),
        ("Commandstats", engine.calls().into_iter().map(counted).collect()),
    ];
    let asked = |name: &str| sections.is_empty() || sections.iter().any(|it| is(it, name));
    let everything = sections.iter().any(|it| is(it, "all") || is(it, "everything"));
    let chosen = all.into_iter().filter(|(name, _)| everything || asked(name));
    chosen.map(|(name, lines)| format!("# {name}\r\n{}\r\n", lines.join("\r\n"))).collect()
}

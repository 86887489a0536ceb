//! How many commands a server carries out for what is done: a figure that no busy machine changes.

use redis::{Connection, Value};

use crate::raw::run;

/// Counts commands from now on, those that scripts call among them.
pub fn count_from_now(connection: &mut Connection) {
    run(connection, "CONFIG RESETSTAT");
}

/// How many there were since.
///
/// # Panics
/// The server doesn't tell.
pub fn counted(connection: &mut Connection) -> u64 {
    // Its own are not counted.
    let is_own = |name: &str| name.starts_with("config") || name.starts_with("info");
    calls(connection).iter().filter(|(name, _)| !is_own(name)).map(|(_, calls)| calls).sum()
}

/// How many there were of one command, by its name in small letters.
///
/// # Panics
/// The server doesn't tell.
pub fn counted_of(connection: &mut Connection, command: &str) -> u64 {
    calls(connection).iter().filter(|(name, _)| name == command).map(|(_, calls)| calls).sum()
}

fn calls(connection: &mut Connection) -> Vec<(String, u64)> {
    let stats = match run(connection, "INFO commandstats") {
        Value::BulkString(text) => String::from_utf8(text).expect("text"),
        Value::VerbatimString { text, .. } => text,
        other => panic!("no statistics: {other:?}"),
    };
    let calls = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    stats.lines().filter_map(calls).collect()
}

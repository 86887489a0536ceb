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
    let stats = match run(connection, "INFO commandstats") {
        Value::BulkString(text) => String::from_utf8(text).expect("text"),
        Value::VerbatimString { text, .. } => text,
        other => panic!("no statistics: {other:?}"),
    };
    let calls = |line: &str| -> Option<u64> {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        // Its own are not counted.
        let own = name.starts_with("config") || name.starts_with("info");
        (!own).then(|| rest.split(',').next()?.parse().ok())?
    };
    stats.lines().filter_map(calls).sum()
}

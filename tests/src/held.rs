//! What calls take of a server: its own processor time and what else it says of itself, and its slow log,
//! which counts the time that other processes take from it, too.

use std::time::Duration;

use redis::{Connection, RedisResult, Value, cmd};

/// Counts commands, and notes calls that take longer than so many µs, from now on.
///
/// # Errors
/// The server doesn't do as told.
pub fn listen(connection: &mut Connection, micros: u64) -> RedisResult<()> {
    let mut set = cmd("CONFIG");
    set.arg("SET").arg("slowlog-log-slower-than").arg(micros).arg("slowlog-max-len").arg(10_000);
    let () = set.query(connection)?;
    let () = cmd("SLOWLOG").arg("RESET").query(connection)?;
    cmd("CONFIG").arg("RESETSTAT").query(connection)
}

/// The calls that were noted, by the µs that each took.
///
/// # Errors
/// The server doesn't tell.
pub fn noted(connection: &mut Connection) -> RedisResult<Vec<u64>> {
    let log: Vec<Vec<Value>> = cmd("SLOWLOG").arg("GET").arg(10_000).query(connection)?;
    let micros = |entry: &Vec<Value>| match entry.get(2) {
        Some(Value::Int(micros)) => u64::try_from(*micros).unwrap_or_default(),
        _ => 0,
    };
    Ok(log.iter().map(micros).collect())
}

/// The processor time that the server has had.
///
/// # Errors
/// The server doesn't tell.
pub fn processor_time(connection: &mut Connection) -> RedisResult<Duration> {
    let info: String = cmd("INFO").arg("cpu").query(connection)?;
    let of = |name| find(&info, name).unwrap_or_default();
    Ok(Duration::from_secs_f64(of("used_cpu_user:") + of("used_cpu_sys:")))
}

/// What a server says of itself in this section of `INFO` behind `name`, which ends with a colon.
///
/// # Errors
/// The server doesn't tell.
pub fn figure(connection: &mut Connection, section: &str, name: &str) -> RedisResult<Option<f64>> {
    let info: String = cmd("INFO").arg(section).query(connection)?;
    Ok(find(&info, name))
}

fn find(info: &str, name: &str) -> Option<f64> {
    let rest = info.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split(',').next()?.trim().parse().ok()
}

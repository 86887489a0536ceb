//! Whether a move may begin.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use redis::{aio::MultiplexedConnection, cmd};

use super::{
    Sites,
    key::{self, Kind},
};
use crate::exit::{Exit, Told};

/// The key at the target that says that a move into it isn't over.
const MARK: &[u8] = b"move}:is-not-over";

/// How many of anything are named.
const NAMED: usize = 3;

/// Refuses if a worker has a lease.
pub(super) async fn nobody_works(
    redis: &mut MultiplexedConnection,
    keys: &BTreeMap<Vec<u8>, Kind>,
) -> Result<()> {
    let (seconds, _): (u64, u64) = cmd("TIME").query_async(redis).await?;
    for (key, _) in keys.iter().filter(|(key, _)| key.ends_with(b":workers")) {
        let mut leases = cmd("ZRANGEBYSCORE");
        leases.arg(key).arg(seconds * 1000).arg("+inf");
        let leases: Vec<String> = leases.query_async(redis).await?;
        if let Some(worker) = leases.first() {
            let text = format!(
                "{}: worker {worker} has a lease (of {}). Stop all producers and workers first; \
                 after a crash a lease ends by itself in half a minute. --force goes on all the \
                 same",
                String::from_utf8_lossy(key),
                leases.len()
            );
            return Err(Told::error(Exit::Refused, text));
        }
    }
    Ok(())
}

/// Makes the target ours, if it has nothing or an earlier move was broken off.
pub(super) async fn claim(sites: &mut Sites) -> Result<()> {
    let there = key::all(&mut sites.to.redis, &sites.prefix).await.context("reading the target")?;
    let mark = mark(&sites.prefix);
    if !there.is_empty() && !there.contains_key(&mark) {
        let names: Vec<_> =
            there.keys().take(NAMED).map(|key| String::from_utf8_lossy(key)).collect();
        let text = format!(
            "the target has {} keys that begin with `{}` ({}, …), and nothing is overwritten: remove \
             them, or choose another database",
            there.len(),
            sites.prefix,
            names.join(", ")
        );
        return Err(Told::error(Exit::Refused, text));
    }
    if there.len() > 1 {
        nobody_works(&mut sites.to.redis, &there).await.context("at the target")?;
        println!(
            "a move into the target was broken off: its {} keys are removed, and all is moved anew",
            there.len() - 1
        );
    }
    cmd("SET").arg(&mark).arg("").query_async::<()>(&mut sites.to.redis).await?;
    for key in there.keys().filter(|key| **key != mark) {
        cmd("UNLINK").arg(key).query_async::<()>(&mut sites.to.redis).await?;
    }
    Ok(())
}

/// The move is over.
pub(super) async fn release(sites: &mut Sites) -> Result<()> {
    let mark = mark(&sites.prefix);
    cmd("DEL").arg(mark).query_async::<()>(&mut sites.to.redis).await.context("ending the move")
}

fn mark(prefix: &str) -> Vec<u8> {
    [prefix.as_bytes(), MARK].concat()
}

pub(super) fn is_mark(key: &[u8]) -> bool {
    key.ends_with(MARK)
}

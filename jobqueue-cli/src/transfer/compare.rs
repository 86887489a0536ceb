//! Whether both sites have the same.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use anyhow::{Context as _, Result, bail};
use redis::{Value, aio::MultiplexedConnection, cmd};

use super::{
    Sites,
    key::{self, Kind},
    page::{Item, Pages},
    ready,
};

/// How many keys that differ are named.
const NAMED: usize = 5;

/// What a key has in it, in few words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    items: usize,
    /// The sum of the items' hashes, so that their order matters only where it is a part of them.
    hashes: u64,
    last_id: Vec<u8>,
    expires: bool,
}

/// Compares all keys.
pub(super) async fn all(sites: &mut Sites, keys: &BTreeMap<Vec<u8>, Kind>) -> Result<()> {
    let mut differ = Vec::new();
    for (key, kind) in keys {
        if let Some((from, to)) = difference(sites, key, *kind).await? {
            let name = String::from_utf8_lossy(key);
            differ.push(format!("{name} ({kind}): {} entries, {} copied", from.items, to.items));
        }
    }
    let others =
        key::all(&mut sites.to.redis, &sites.prefix).await.context("listing what was copied")?;
    for key in others.keys().filter(|key| !keys.contains_key(*key) && !ready::is_mark(key)) {
        differ.push(format!("{}: not at the source", String::from_utf8_lossy(key)));
    }
    if differ.is_empty() {
        return Ok(());
    }
    bail!(
        "{} keys differ, since somebody writes at one of the servers: stop all and move again. {}{}",
        differ.len(),
        differ[..differ.len().min(NAMED)].join("; "),
        if differ.len() > NAMED { "; …" } else { "" }
    )
}

async fn difference(sites: &mut Sites, key: &[u8], kind: Kind) -> Result<Option<(Sum, Sum)>> {
    let mut found = None;
    // A scan of a hash that is being rebuilt may name a field twice.
    for _ in 0..3 {
        let from =
            sum(&mut sites.from.redis, key, kind).await.context("reading the source again")?;
        let to = sum(&mut sites.to.redis, key, kind).await.context("reading what was copied")?;
        if from == to || has_expired(&from, &to) {
            return Ok(None);
        }
        found = Some((from, to));
    }
    Ok(found)
}

fn has_expired(from: &Sum, to: &Sum) -> bool {
    from.items == 0 && (to.items == 0 || to.expires) || to.items == 0 && from.expires
}

async fn sum(redis: &mut MultiplexedConnection, key: &[u8], kind: Kind) -> Result<Sum> {
    let (mut sum, mut pages) = (Sum::default(), Pages::new(key, kind));
    while let Some(page) = pages.next(redis).await? {
        for item in page {
            // The place in a list is a part of what stands there; elsewhere it follows from it.
            let place = if kind == Kind::List { sum.items } else { 0 };
            sum.hashes = sum.hashes.wrapping_add(hash(place, &item));
            sum.items += 1;
        }
    }
    if kind == Kind::Stream {
        sum.last_id = stream(redis, key).await?.last_id;
    }
    let left: i64 = cmd("PTTL").arg(key).query_async(redis).await?;
    sum.expires = left >= 0;
    Ok(sum)
}

fn hash(place: usize, item: &Item) -> u64 {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    item.hash(&mut hasher);
    hasher.finish()
}

/// Where a stream ends.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The last id that was given.
    pub(super) last_id: Vec<u8>,
    /// The last entry's; none, if there is no entry.
    pub(super) last_entry: Vec<u8>,
}

pub(super) async fn stream(redis: &mut MultiplexedConnection, key: &[u8]) -> Result<Stream> {
    let info: Vec<Value> = cmd("XINFO").arg("STREAM").arg(key).query_async(redis).await?;
    let mut stream = Stream::default();
    for pair in info.chunks(2) {
        let [Value::BulkString(name), value] = pair else { continue };
        match (name.as_slice(), value) {
            (b"last-generated-id", Value::BulkString(id)) => stream.last_id.clone_from(id),
            (b"last-entry", Value::Array(parts)) => {
                if let Some(Value::BulkString(id)) = parts.first() {
                    stream.last_entry.clone_from(id);
                }
            }
            _ => {}
        }
    }
    Ok(stream)
}

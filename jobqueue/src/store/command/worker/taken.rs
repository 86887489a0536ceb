//! The jobs in the answers of `advance` and `join`.

use std::collections::HashSet;

use bytes::Bytes;
use redis::Value;
use tracing::warn;

use crate::{
    job::{JobId, Tries},
    store::reply,
    value_error::Corrupt,
};

/// A fetched job.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) id: JobId,
    /// Its record; none if it was deleted from Redis by hand.
    pub(crate) record: Option<Bytes>,
    pub(crate) tries: Tries,
    /// The number of workers that died or lost their lease with it.
    pub(crate) stalls: u32,
    /// Whether an answer with it was lost: so its run must not begin before the worker has said that
    /// it has the job. Else a job that kills its worker at once would look like that for ever.
    pub(crate) was_lost: bool,
    /// The number of fetches by workers that don't know its name.
    pub(crate) misses: u32,
    /// Whether it has expired and must not run.
    pub(crate) expired: bool,
}

const WHAT: &str = "fetched jobs";

/// Ids in one text, then the answer of `details_of`: records, and three sparse columns or nil.
pub(crate) fn read(ids: &Value, details: [Value; 4]) -> Result<Vec<Taken>, Corrupt> {
    let [records, attempts, stalls, misses] = details;
    let ids = crate::store::ids::read(reply::text(ids, WHAT)?);
    let records = reply::array(records, WHAT)?;
    if records.len() != ids.len() {
        return Err(Corrupt::new(WHAT, "as many records as jobs were expected"));
    }
    let (attempts, stalls, misses) = (column(attempts)?, column(stalls)?, column(misses)?);
    let mut taken = Vec::with_capacity(ids.len());
    for (index, (id, record)) in ids.into_iter().zip(records).enumerate() {
        taken.push(Taken {
            record: reply::optional_bytes(record, WHAT)?,
            tries: count(&id, attempts.get(index), reply::tries),
            stalls: count(&id, stalls.get(index), reply::stalls),
            was_lost: stalls.get(index).is_some_and(reply::was_lost),
            misses: count(&id, misses.get(index), reply::sparse),
            expired: false,
            id,
        });
    }
    Ok(taken)
}

/// A job's count in a sparse column; none if it can't be read. An odd one is its job's alone, and must
/// not hold up those that were fetched with it.
fn count<T: Default>(
    id: &JobId,
    value: Option<&Value>,
    read: fn(&Value, &'static str) -> Result<T, Corrupt>,
) -> T {
    let read = value.map_or_else(|| Ok(T::default()), |value| read(value, WHAT));
    read.unwrap_or_else(|problem| {
        warn!(%id, %problem, "a count of a job can't be read, and is taken as 0");
        T::default()
    })
}

/// Marks those whose ids stand in a text of ids that have expired.
pub(crate) fn mark_expired(taken: &mut [Taken], ids: &Value) -> Result<(), Corrupt> {
    let ids = crate::store::ids::read(reply::text(ids, WHAT)?);
    if !ids.is_empty() {
        let ids: HashSet<JobId> = ids.into_iter().collect();
        taken.iter_mut().for_each(|taken| taken.expired = ids.contains(&taken.id));
    }
    Ok(())
}

/// The values of a sparse column; none where no job of the queue has one.
fn column(value: Value) -> Result<Vec<Value>, Corrupt> {
    if reply::optional(&value).is_none() { Ok(Vec::new()) } else { reply::array(value, WHAT) }
}

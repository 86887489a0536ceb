//! Names of single things: jobs and workers.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    str::FromStr,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::value_error::Invalid;

/// The longest id that a caller may choose, in bytes.
pub(super) const MAX_ID_LEN: usize = 128;

/// The name of one job within its queue.
///
/// By default a [ULID](https://github.com/ulid/spec), made by the client *before* the job is added:
/// it sorts by time, and because it is known beforehand, an add whose reply was lost can be sent
/// again without adding the job twice. A caller may choose an id instead, of 1 to 128 printable
/// ASCII characters without spaces.
///
/// ```
/// use jobqueue::JobId;
///
/// let chosen: JobId = "invoice-2026-0042".parse()?;
/// assert_eq!(chosen.as_str(), "invoice-2026-0042");
/// assert!("two words".parse::<JobId>().is_err());
/// # Ok::<(), jobqueue::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(Arc<str>);

impl JobId {
    /// A new id, greater than all that this process made before.
    #[must_use]
    pub fn generate() -> Self {
        let mut buffer = [0; ulid::ULID_LEN];
        Self(Arc::from(&*next_ulid().array_to_str(&mut buffer)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id that comes from Redis, where only valid ones were ever put.
    pub(crate) fn from_store(id: &str) -> Self {
        Self(Arc::from(id))
    }
}

impl FromStr for JobId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        if id.is_empty() || id.len() > MAX_ID_LEN || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new(
                "job id",
                id,
                "use 1 to 128 printable ASCII characters without spaces",
            ));
        }
        Ok(Self(Arc::from(id)))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({})", self.0)
    }
}

impl Serialize for JobId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        id.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of one incarnation of a worker on one queue.
///
/// A worker that lost its lease, or that doesn't know what became of its last call, goes on under a
/// new one: whatever is still on its way under the old name is refused.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct WorkerId(Arc<str>);

impl WorkerId {
    pub(crate) fn generate() -> Self {
        Self(JobId::generate().0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkerId({})", self.0)
    }
}

fn next_ulid() -> Ulid {
    // One sequence for the process: ids of one producer are then strictly increasing, even when
    // its clock steps back, and FIFO order holds within a millisecond.
    static LAST: Mutex<Ulid> = Mutex::new(Ulid::nil());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = if now > last.timestamp_ms() {
        Ulid::from_parts(now, random(now))
    } else {
        // Incrementing past the 2^80 ids of one millisecond moves to the next.
        last.increment().unwrap_or_else(|next| next)
    };
    *last
}

/// The random part of the first id of a millisecond. It is a keyed hash of the time, and each process
/// has keys of 128 bits from the operating system, so that no two processes make the same ids.
fn random(now: u64) -> u128 {
    static KEYS: LazyLock<[RandomState; 2]> =
        LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    let [low, high] = KEYS.each_ref().map(|key| u128::from(key.hash_one(now)));
    high << 64 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ids_increase() {
        let ids: Vec<JobId> = (0..10_000).map(|_| JobId::generate()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn chosen_ids_are_checked() {
        assert!("a".repeat(128).parse::<JobId>().is_ok());
        for bad in ["", "a b", "a\n", "é", &"a".repeat(129)] {
            assert!(bad.parse::<JobId>().is_err(), "{bad:?}");
        }
    }
}

//! The ids of jobs and workers.

use std::{
    hash::{BuildHasher as _, RandomState},
    process,
    str::FromStr,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use ulid::Ulid;

use super::text::text_type;
use crate::{clock, value_error::Invalid};

/// The longest id that a caller may choose, in bytes.
pub(super) const MAX_ID_LEN: usize = 128;

/// The id of one job within its queue.
///
/// By default a [ULID](https://github.com/ulid/spec), made by the client *before* the job is added:
/// it sorts by time. A caller may choose an id instead, of 1 to 128 printable
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
}

/// How the id of a request ends whose caller waits: the scripts that remove jobs see by it that
/// somebody must hear of that.
const AWAITED: char = '@';

impl JobId {
    /// The same id for a request whose caller waits.
    pub(crate) fn awaited(&self) -> Self {
        Self(Arc::from(format!("{self}{AWAITED}")))
    }

    /// An id that follows from this one and from what else `parts` say: the same each time, and
    /// another for other parts. It is valid, whatever the length of this one.
    pub(crate) fn derived(&self, parts: &[&[u8]]) -> Self {
        // A hash of the lengths too, so that parts don't run into each other.
        let hash = parts
            .iter()
            .fold(FNV_START, |hash, part| fnv(fnv(hash, part), &(part.len() as u64).to_le_bytes()));
        let hash = fnv(hash, self.as_str().as_bytes());
        let kept = self.as_str().chars().take(MAX_ID_LEN - 17);
        let id: String = kept.chain(format!(".{hash:016x}").chars()).collect();
        Self(Arc::from(id))
    }
}

/// Where FNV-1a starts.
pub(crate) const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: the same in every process and version, unlike the standard library's.
pub(crate) fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl FromStr for JobId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        checked(id, "job id").map(Self)
    }
}

fn checked(id: &str, what: &'static str) -> Result<Arc<str>, Invalid> {
    if id.is_empty() || id.len() > MAX_ID_LEN || !id.bytes().all(|b| b.is_ascii_graphic()) {
        let advice = "use 1 to 128 printable ASCII characters without spaces";
        return Err(Invalid::new(what, id, advice));
    }
    Ok(Arc::from(id))
}

text_type!(JobId);

/// The id of one incarnation of a worker on one queue.
///
/// A worker that lost its lease, or that doesn't know whether its last call was carried out, goes
/// on under a new id: Redis refuses what is still on its way under the old one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(Arc<str>);

impl WorkerId {
    pub(crate) fn generate() -> Self {
        Self(JobId::generate().0)
    }
}

text_type!(WorkerId);

impl FromStr for WorkerId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        checked(id, "worker id").map(Self)
    }
}

/// One sequence for the process: ids of one producer are then strictly increasing, even when its
/// clock steps back, and FIFO order holds within a millisecond.
struct Sequence {
    process: u32,
    last: Ulid,
    /// The random part of a millisecond's first id is a hash with these keys of 128 bits, which
    /// come from the operating system.
    keys: [RandomState; 2],
}

impl Sequence {
    fn new(process: u32) -> Self {
        let keys = [RandomState::new(), RandomState::new()];
        Self { process, last: Ulid::nil(), keys }
    }

    /// The next id, in the process of this number.
    fn next(&mut self, process: u32) -> Ulid {
        let now = u64::try_from(clock::now().timestamp_millis()).unwrap_or_default();
        // A process that was forked has its parent's sequence, and must leave it.
        let forked = std::mem::replace(&mut self.process, process) != process;
        let then = self.last.timestamp_ms();
        self.last = if now > then || forked {
            let ms = now.max(then);
            Ulid::from_parts(ms, self.random(ms))
        } else {
            // Incrementing past the 2^80 ids of one millisecond moves to the next.
            self.last.increment().unwrap_or_else(|next| next)
        };
        self.last
    }

    fn random(&self, ms: u64) -> u128 {
        let what = (ms, self.process);
        let [low, high] = self.keys.each_ref().map(|key| u128::from(key.hash_one(what)));
        high << 64 | low
    }
}

fn next_ulid() -> Ulid {
    #[cfg(feature = "testing")]
    if let Some(test) = clock::virtual_time::number() {
        return seeded::next(test);
    }
    static SEQUENCE: LazyLock<Mutex<Sequence>> =
        LazyLock::new(|| Mutex::new(Sequence::new(process::id())));
    SEQUENCE.lock().unwrap_or_else(PoisonError::into_inner).next(process::id())
}

/// Ids in a test's own time: they follow from fastrand's seed, and each test begins anew.
#[cfg(feature = "testing")]
mod seeded {
    use std::cell::Cell;

    use ulid::Ulid;

    use crate::clock;

    thread_local! {
        /// The last id, and of which test.
        static LAST: Cell<(u64, Ulid)> = const { Cell::new((0, Ulid::nil())) };
    }

    pub(super) fn next(test: u64) -> Ulid {
        let now = u64::try_from(clock::now().timestamp_millis()).unwrap_or_default();
        let last = match LAST.get() {
            (of, last) if of == test && last.timestamp_ms() >= now => {
                last.increment().unwrap_or_else(|next| next)
            }
            _ => Ulid::from_parts(now, fastrand::u128(..)),
        };
        LAST.set((test, last));
        last
    }
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
    fn a_derived_id_follows_from_what_it_stands_for() {
        let order: JobId = "order-42".parse().expect("a good id");
        assert_eq!(order.derived(&[b"a"]), order.derived(&[b"a"]));
        let others = [order.derived(&[b"b"]), order.derived(&[b"a", b""]), order.derived(&[])];
        assert!(others.iter().all(|other| *other != order.derived(&[b"a"])));
        let long: JobId = "x".repeat(128).parse().expect("a good id");
        assert!(long.derived(&[b"a"]).as_str().parse::<JobId>().is_ok());
        let alike: JobId = format!("{}y", "x".repeat(127)).parse().expect("a good id");
        assert_ne!(alike.derived(&[b"a"]), long.derived(&[b"a"]), "only its end differs");
    }

    /// A fork copies the sequence, keys and all.
    #[test]
    fn a_forked_process_leaves_its_parents_sequence() {
        let mut parent = Sequence::new(1);
        let last = parent.next(1);
        let next = |id: &Ulid| Some(id.increment().unwrap_or_else(|next| next));
        let parents: Vec<Ulid> = std::iter::successors(Some(last), next).take(1_000).collect();
        let mut child = parent;
        let children: Vec<Ulid> = (0..1_000).map(|_| child.next(2)).collect();
        assert!(children.iter().all(|id| !parents.contains(id)));
        assert!(children.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn chosen_ids_are_checked() {
        assert!("a".repeat(128).parse::<JobId>().is_ok());
        for bad in ["", "a b", "a\n", "é", &"a".repeat(129)] {
            assert!(bad.parse::<JobId>().is_err(), "{bad:?}");
        }
    }
}

//! The place of an entry in its stream.

/// An entry's place in its stream: the millisecond in which it was written, and its number in that
/// millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId {
    pub(crate) ms: u64,
    number: u64,
}

impl EntryId {
    /// The place of an entry, by its id. A text that is no id comes before all.
    pub(crate) fn of(entry: &str) -> Self {
        let (ms, number) = entry.split_once('-').unwrap_or((entry, "0"));
        Self { ms: ms.parse().unwrap_or(0), number: number.parse().unwrap_or(0) }
    }
}

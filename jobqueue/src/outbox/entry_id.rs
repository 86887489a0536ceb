//! Where in a stream an entry stands.

/// An entry's place in its stream: when it was written, in ms, and which one of those it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId {
    pub(crate) ms: u64,
    number: u64,
}

impl EntryId {
    /// That of an entry, by its id. What is no id is before all.
    pub(crate) fn of(entry: &str) -> Self {
        let (ms, number) = entry.split_once('-').unwrap_or((entry, "0"));
        Self { ms: ms.parse().unwrap_or(0), number: number.parse().unwrap_or(0) }
    }
}

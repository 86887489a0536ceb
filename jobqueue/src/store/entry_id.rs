//! The place of an entry in its stream.

use std::fmt;

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

    /// The first place after this one.
    pub(crate) fn next(self) -> Self {
        match self.number.checked_add(1) {
            Some(number) => Self { number, ..self },
            None => Self { ms: self.ms.saturating_add(1), number: 0 },
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.number)
    }
}

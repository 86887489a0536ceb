//! A stream: entries by id, and the last id that was given.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::PER_ITEM;

/// How many entries are in a node of Redis's. A trim that needn't be exact removes whole nodes.
const NODE: usize = 100;

/// How many entries such a trim removes at most.
const TRIM: usize = 100 * NODE;

/// How much a trim removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// All that it may.
    Exact,
    /// Whole nodes alone.
    Nodes,
}

/// The id of an entry: milliseconds, and a number within one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    ms: u64,
    number: u64,
}

impl Id {
    pub(crate) const MIN: Self = Self { ms: 0, number: 0 };
    pub(crate) const MAX: Self = Self { ms: u64::MAX, number: u64::MAX };

    /// The next one; none after the last of all.
    pub(crate) fn next(self) -> Option<Self> {
        match self.number.checked_add(1) {
            Some(number) => Some(Self { number, ..self }),
            None => Some(Self { ms: self.ms.checked_add(1)?, number: 0 }),
        }
    }

    fn before(self) -> Option<Self> {
        match self.number.checked_sub(1) {
            Some(number) => Some(Self { number, ..self }),
            None => Some(Self { ms: self.ms.checked_sub(1)?, number: u64::MAX }),
        }
    }

    /// An id whose number may be left out.
    pub(crate) fn parse(text: &[u8], number: u64) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        match text.split_once('-') {
            Some((ms, number)) => Some(Self { ms: ms.parse().ok()?, number: number.parse().ok()? }),
            None => Some(Self { ms: text.parse().ok()?, number }),
        }
    }

    /// One end of a range: `-`, `+`, an id, or an id that is itself left out, behind a `(`. The
    /// outer `None` is no id; the inner one an end beyond the first or the last.
    #[expect(clippy::option_option, reason = "see above")]
    pub(crate) fn bound(text: &[u8], upper: bool) -> Option<Option<Self>> {
        let number = if upper { u64::MAX } else { 0 };
        match text {
            b"-" => Some(Some(Self::MIN)),
            b"+" => Some(Some(Self::MAX)),
            [b'(', rest @ ..] => {
                let id = Self::parse(rest, number)?;
                Some(if upper { id.before() } else { id.next() })
            }
            _ => Self::parse(text, number).map(Some),
        }
    }

    pub(crate) fn text(self) -> String {
        format!("{}-{}", self.ms, self.number)
    }
}

/// An entry: its id, and its fields and values one after the other.
pub(crate) type Entry<'a> = (&'a Id, &'a Vec<Bytes>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Stream {
    entries: BTreeMap<Id, Vec<Bytes>>,
    last: Id,
    bytes: usize,
}

/// About how much memory an entry takes.
fn bytes_of(fields: &[Bytes]) -> usize {
    fields.iter().map(|field| field.len() + PER_ITEM / 2).sum::<usize>() + PER_ITEM
}

impl Stream {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.entries.iter()
    }

    /// The last id that was given.
    pub(crate) fn last_id(&self) -> Id {
        self.last
    }

    /// The id that an entry gets now; none after the last of all.
    pub(crate) fn new_id(last: Id, now_ms: u64) -> Option<Id> {
        if now_ms > last.ms { Some(Id { ms: now_ms, number: 0 }) } else { last.next() }
    }

    pub(crate) fn push(&mut self, id: Id, fields: Vec<Bytes>) {
        self.last = id;
        self.bytes += bytes_of(&fields);
        self.entries.insert(id, fields);
    }

    pub(crate) fn remove(&mut self, id: Id) -> bool {
        let Some(fields) = self.entries.remove(&id) else { return false };
        self.bytes -= bytes_of(&fields);
        true
    }

    pub(crate) fn range(&self, from: Id, to: Id) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        // An empty range, where `from` is beyond `to`.
        let to = if from > to { None } else { Some(to) };
        to.into_iter().flat_map(move |to| self.entries.range(from..=to))
    }

    /// Removes the oldest entries but for this number. How many have gone.
    pub(crate) fn keep_newest(&mut self, most: usize, precision: Precision) -> usize {
        self.remove_oldest(self.entries.len().saturating_sub(most), precision)
    }

    /// Removes the entries before an id. How many have gone.
    pub(crate) fn keep_from(&mut self, least: Id, precision: Precision) -> usize {
        self.remove_oldest(self.entries.range(..least).count(), precision)
    }

    fn remove_oldest(&mut self, excess: usize, precision: Precision) -> usize {
        let gone = match precision {
            Precision::Exact => excess,
            Precision::Nodes => (excess - excess % NODE).min(TRIM),
        };
        for _ in 0..gone {
            if let Some((_, fields)) = self.entries.pop_first() {
                self.bytes -= bytes_of(&fields);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::parse(text.as_bytes(), 0).expect("an id")
    }

    #[test]
    fn ids_go_on() {
        assert_eq!(id("1-2").next(), Some(id("1-3")));
        assert_eq!(id("1-18446744073709551615").next(), Some(id("2-0")));
        assert_eq!(Id::MAX.next(), None);
        assert_eq!(Stream::new_id(id("7-3"), 6), Some(id("7-4")), "the clock went back");
        assert_eq!(Stream::new_id(id("7-3"), 8), Some(id("8-0")));
    }

    #[test]
    fn ends_of_ranges() {
        let bound = |text: &str, upper| Id::bound(text.as_bytes(), upper);
        assert_eq!(bound("5", false), Some(Some(id("5-0"))));
        assert_eq!(bound("5", true), Some(Some(id("5-18446744073709551615"))));
        assert_eq!(bound("(5-0", true), Some(Some(id("4-18446744073709551615"))));
        assert_eq!(bound("(0-0", true), Some(None));
        assert_eq!(bound("five", true), None);
    }

    #[test]
    fn trims_that_need_not_be_exact_remove_whole_nodes() {
        let mut stream = Stream::default();
        (1..=250).for_each(|ms| stream.push(Id { ms, number: 0 }, Vec::new()));
        assert_eq!(stream.keep_newest(60, Precision::Nodes), 100);
        assert_eq!(stream.keep_from(id("180"), Precision::Nodes), 0);
        assert_eq!(stream.keep_from(id("180"), Precision::Exact), 79);
        assert_eq!((stream.len(), stream.last_id()), (71, id("250")));
    }
}

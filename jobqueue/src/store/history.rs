//! A queue's history as `lua/lib/history.lua` keeps it: what is open, and chunks of points.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use chrono::DateTime;

use super::{points, time::millis};
use crate::{
    hashing::RandomState,
    job::JobName,
    stats::{Deploy, HistoryNames, HistoryOf, PointCounts, Resolution},
};

/// The name of all names beyond those that have a history of their own.
pub(crate) const OTHERS: &str = " ";

/// The field of the minute that is open.
const MINUTE: &str = "@";

/// What a read has found.
#[derive(Debug, Default)]
pub(crate) struct StoredHistory {
    /// The server's clock, in ms since the epoch.
    pub(crate) now: u64,
    open: HashMap<String, Bytes, RandomState>,
    /// By their numbers.
    chunks: Vec<(u64, Bytes)>,
    /// As they are noted.
    deploys: Vec<String>,
}

/// How a name stands in a field.
pub(crate) fn field_name(of: &HistoryOf) -> &str {
    match of {
        HistoryOf::Queue => "",
        HistoryOf::Name(name) => name.as_str(),
        HistoryOf::Others => OTHERS,
    }
}

/// How many points one chunk has.
const fn slots(resolution: Resolution) -> u64 {
    match resolution {
        Resolution::Minute => 60,
        Resolution::TenMinutes => 144,
        Resolution::Hour => 240,
    }
}

/// The letter before the name of what is open.
const fn letter(resolution: Resolution) -> char {
    match resolution {
        Resolution::Minute => 'm',
        Resolution::TenMinutes => 't',
        Resolution::Hour => 'h',
    }
}

impl StoredHistory {
    pub(crate) fn new(
        now: u64,
        open: Vec<(String, Bytes)>,
        chunks: Vec<(u64, Bytes)>,
        deploys: Vec<String>,
    ) -> Self {
        Self { now, open: open.into_iter().collect(), chunks, deploys }
    }

    /// When versions of programs came, the first one first. One that another version of this
    /// library has noted in another way is left out.
    pub(crate) fn deploys(&self) -> impl Iterator<Item = Deploy> {
        self.deploys.iter().filter_map(|noted| {
            let mut lines = noted.split('\n');
            let at = DateTime::from_timestamp_millis(lines.next()?.parse().ok()?)?;
            let (program, version) = (lines.next()?.to_owned(), lines.next()?.to_owned());
            Some(Deploy { at, program, version })
        })
    }

    /// The names that have a history.
    pub(crate) fn names(&self) -> HistoryNames {
        let seen = self.open.keys().filter_map(|field| field.strip_prefix('n'));
        let names = seen.filter(|name| *name != OTHERS).map(JobName::from_store);
        let mut names: Vec<JobName> = names.collect();
        names.sort_unstable();
        let has = |letter| self.open.contains_key(&format!("{letter}{OTHERS}"));
        HistoryNames { names, others: has('n') || has('m') }
    }

    /// The points, by the ms since the epoch at which they begin.
    pub(crate) fn points(
        &self,
        of: &HistoryOf,
        resolution: Resolution,
    ) -> BTreeMap<u64, PointCounts> {
        let mut points: BTreeMap<u64, PointCounts> = BTreeMap::new();
        let over = millis(resolution.over());
        for (chunk, text) in &self.chunks {
            for (slot, counts) in slots_of(text) {
                let slot = chunk.saturating_mul(slots(resolution)).saturating_add(slot);
                points.entry(slot.saturating_mul(over)).or_default().add(&counts);
            }
        }
        if let Some((minute, counts)) = self.open_point(of, resolution) {
            let at = minute.saturating_mul(millis(Resolution::Minute.over()));
            points.entry(at - at % over).or_default().add(&counts);
        }
        points
    }

    /// The point that isn't over, and the minute of the last report.
    fn open_point(&self, of: &HistoryOf, resolution: Resolution) -> Option<(u64, PointCounts)> {
        let minute = std::str::from_utf8(self.open.get(MINUTE)?).ok()?.parse().ok()?;
        let (name, mut counts) = (field_name(of), PointCounts::default());
        // Coarser points don't have what still stands in the finer ones.
        for finer in Resolution::ALL.into_iter().filter(|finer| *finer <= resolution) {
            let Some(text) = self.open.get(&format!("{}{name}", letter(finer))) else { continue };
            items(text).for_each(|part| counts.add(&part));
        }
        if *of == HistoryOf::Queue {
            // The queue gets its names' runs when the minute is over.
            let names = self.open.iter().filter(|(field, _)| field.starts_with('m'));
            let names = names.filter(|(field, _)| field.len() > 1);
            let reports = names.flat_map(|(_, text)| items(text));
            reports.for_each(|report| counts.add_runs(&report));
        }
        (counts != PointCounts::default()).then_some((minute, counts))
    }
}

/// The points of a chunk, by their slots.
fn slots_of(mut text: &[u8]) -> impl Iterator<Item = (u64, PointCounts)> {
    std::iter::from_fn(move || {
        let (slot, rest) = text.split_first()?;
        text = rest;
        Some((u64::from(*slot), take_item(&mut text)?))
    })
}

/// The points of a text.
fn items(mut text: &[u8]) -> impl Iterator<Item = PointCounts> {
    std::iter::from_fn(move || take_item(&mut text))
}

/// A point behind its length.
fn take_item(from: &mut &[u8]) -> Option<PointCounts> {
    let (length, rest) = from.split_first_chunk()?;
    let (point, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    *from = rest;
    Some(points::read(point))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn completed(completed: u64) -> PointCounts {
        PointCounts { completed, ..PointCounts::default() }
    }

    fn retried(retried: u64) -> PointCounts {
        PointCounts { retried, ..PointCounts::default() }
    }

    fn item(point: &[u8]) -> Vec<u8> {
        let length = u16::try_from(point.len()).expect("a short one").to_be_bytes();
        [&length, point].concat()
    }

    fn open(fields: &[(&str, PointCounts)]) -> StoredHistory {
        let packed = |(field, counts): &(&str, PointCounts)| {
            ((*field).to_owned(), Bytes::from(item(&points::write(counts))))
        };
        let mut open: Vec<_> = fields.iter().map(packed).collect();
        open.push((MINUTE.to_owned(), Bytes::from_static(b"125")));
        StoredHistory::new(0, open, Vec::new(), Vec::new())
    }

    #[test]
    fn what_is_open_is_the_sum_of_the_finer() {
        let send = HistoryOf::Name("send".parse().expect("a good name"));
        let stored =
            open(&[("msend", completed(1)), ("tsend", completed(10)), ("hsend", completed(100))]);
        let at = |resolution| stored.points(&send, resolution).into_iter().collect::<Vec<_>>();
        assert_eq!(at(Resolution::Minute), [(125 * 60_000, completed(1))]);
        assert_eq!(at(Resolution::TenMinutes), [(120 * 60_000, completed(11))]);
        assert_eq!(at(Resolution::Hour), [(120 * 60_000, completed(111))]);
        assert!(stored.points(&HistoryOf::Others, Resolution::Hour).is_empty());
    }

    #[test]
    fn the_queue_has_what_its_names_report() {
        let stored = open(&[
            ("m", completed(5)),
            ("msend", retried(1)),
            ("m ", retried(2)),
            ("t", retried(40)),
            ("tsend", retried(40)),
            ("nsend", completed(0)),
            ("nb", completed(0)),
        ]);
        let both = PointCounts { completed: 5, retried: 3, ..PointCounts::default() };
        let minute = stored.points(&HistoryOf::Queue, Resolution::Minute);
        assert_eq!(minute.into_values().collect::<Vec<_>>(), [both]);
        let tens = stored.points(&HistoryOf::Queue, Resolution::TenMinutes);
        assert_eq!(tens.into_values().map(|it| it.retried).collect::<Vec<_>>(), [43]);
        let names = stored.names();
        assert_eq!(
            (names.names, names.others),
            (vec!["b".parse().expect("ok"), "send".parse().expect("ok")], true)
        );
    }

    #[test]
    fn points_of_chunks_stand_at_their_slots_and_add_up() {
        let at = |slot: u8, completed_there| {
            [&[slot][..], &item(&points::write(&completed(completed_there)))].concat()
        };
        let text = [at(3, 1), at(59, 2), at(3, 4)];
        let chunks = vec![(2, Bytes::from(text.concat()))];
        let mut stored = StoredHistory::new(0, Vec::new(), chunks, Vec::new());
        let points = stored.points(&HistoryOf::Queue, Resolution::Minute);
        let minute = |minute: u64| minute * 60_000;
        let expected = BTreeMap::from([(minute(123), completed(5)), (minute(179), completed(2))]);
        assert_eq!(points, expected);
        stored.chunks[0].0 = 0;
        assert_eq!(stored.points(&HistoryOf::Queue, Resolution::Hour).len(), 2);
    }

    #[test]
    fn deploys_are_read_and_what_is_noted_in_another_way_is_left_out() {
        let noted = ["7\nshop\n1.2\n", "8\nshop\n\n", "", "x\nshop\n1\n", "9\nshop", "9\n\n\nmore"];
        let noted = noted.map(str::to_owned).to_vec();
        let stored = StoredHistory::new(0, Vec::new(), Vec::new(), noted);
        let found = stored.deploys().map(|it| (it.at.timestamp_millis(), it.program, it.version));
        let of = |at, program: &str, version: &str| (at, program.to_owned(), version.to_owned());
        let expected = vec![of(7, "shop", "1.2"), of(8, "shop", ""), of(9, "", "")];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    proptest! {
        #[test]
        fn any_chunk_is_read(text in vec(any::<u8>(), 0..500), chunk in any::<u64>()) {
            let stored = StoredHistory::new(0, Vec::new(), vec![(chunk, Bytes::from(text))], Vec::new());
            for resolution in Resolution::ALL {
                prop_assert!(stored.points(&HistoryOf::Queue, resolution).len() <= 256);
            }
        }
    }
}

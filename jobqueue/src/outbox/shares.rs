//! The shares of the targets in the entries of an outbox.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::target;
use crate::{
    job::Record,
    store::{
        MAX_BATCH, MAX_BYTES,
        outbox::{OutboxEntry, TargetCopy},
    },
};

/// Whether the outbox most likely has more entries than a round could take.
pub(super) fn is_backlog(entries: &[OutboxEntry]) -> bool {
    let bytes: usize = entries.iter().map(|entry| entry.to.len() + entry.record.len()).sum();
    entries.len() == MAX_BATCH || bytes > MAX_BYTES / 2
}

/// The copies that each target gets, in order, and for each entry the number of targets that miss
/// it.
pub(super) fn share_out(
    entries: &[OutboxEntry],
) -> (BTreeMap<&str, Vec<TargetCopy<'_>>>, HashMap<&str, usize>) {
    let mut shares: BTreeMap<&str, Vec<TargetCopy<'_>>> = BTreeMap::new();
    let mut missing = HashMap::with_capacity(entries.len());
    for found in entries {
        let entry = found.entry.as_str();
        for (queue, job) in target::read(&found.to) {
            let copies = shares.entry(queue).or_default();
            if copies.last().is_none_or(|last| last.entry != entry) {
                *missing.entry(entry).or_default() += 1;
            }
            let record = match job.and_then(|job| Record::renamed(&found.record, job)) {
                Some(renamed) => Cow::Owned(renamed),
                None => Cow::Borrowed(&found.record[..]),
            };
            let id = target::copy_id(found.id.as_str(), job);
            copies.push(TargetCopy { entry, id, priority: found.priority, record });
        }
    }
    (shares, missing)
}

/// The copies of each entry. They go in one call, since a queue that has taken an entry takes no
/// more of it.
pub(super) fn by_entry<'a, 'b>(
    copies: &'b [TargetCopy<'a>],
) -> impl Iterator<Item = (&'a str, &'b [TargetCopy<'a>])> {
    let groups = copies.chunk_by(|copy, next| copy.entry == next.entry);
    groups.filter_map(|group| Some((group.first()?.entry, group)))
}

/// How many of the copies one call can carry: at least those of one entry.
pub(super) fn one_call(copies: &[TargetCopy<'_>]) -> usize {
    let (mut count, mut bytes) = (0, 0);
    for (_, group) in by_entry(copies) {
        let size: usize = group.iter().map(|copy| copy.record.len() + 128).sum();
        if count > 0 && (count + group.len() > MAX_BATCH || bytes + size > MAX_BYTES) {
            break;
        }
        count += group.len();
        bytes += size;
    }
    count
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::job::JobId;

    fn entry(entry: &str, to: &str, size: usize) -> OutboxEntry {
        let (id, record) = (JobId::from_store("01M"), Bytes::from(vec![0; size]));
        OutboxEntry { entry: entry.to_owned(), to: to.to_owned(), id, priority: 0, record }
    }

    #[test]
    fn each_target_gets_its_copies_in_order() {
        let entries = [entry("1-0", "mails\naudit", 1), entry("2-0", "mails", 1)];
        let (shares, missing) = share_out(&entries);
        let order: Vec<Vec<&str>> =
            shares.values().map(|copies| copies.iter().map(|copy| copy.entry).collect()).collect();
        assert_eq!(shares.keys().collect::<Vec<_>>(), [&"audit", &"mails"]);
        assert_eq!(order, [vec!["1-0"], vec!["1-0", "2-0"]]);
        assert_eq!(missing, HashMap::from([("1-0", 2), ("2-0", 1)]));
    }

    #[test]
    fn a_queue_bound_by_two_names_misses_an_entry_once() {
        let entries = [entry("1-0", "mails a\nmails b", 1)];
        let (shares, missing) = share_out(&entries);
        let ids: Vec<_> = shares["mails"].iter().map(|copy| copy.id.clone()).collect();
        assert_eq!(ids.len(), 2);
        assert_ne!(ids[0], ids[1]);
        assert_eq!(missing["1-0"], 1);
    }

    #[test]
    fn a_call_carries_whole_entries_within_its_limits() {
        let half = MAX_BYTES / 2 - 200;
        let entries = [
            entry("1-0", "mails a\nmails b", half),
            entry("2-0", "mails", half),
            entry("3-0", "mails", 2 * MAX_BYTES),
            entry("4-0", "mails", 1),
        ];
        let (shares, _) = share_out(&entries);
        let mut rest = shares["mails"].as_slice();
        let mut calls = Vec::new();
        while !rest.is_empty() {
            let (call, later) = rest.split_at(one_call(rest));
            calls.push(call.iter().map(|copy| copy.entry).collect::<Vec<_>>());
            rest = later;
        }
        assert_eq!(calls, [vec!["1-0", "1-0"], vec!["2-0"], vec!["3-0"], vec!["4-0"]]);
    }

    #[test]
    fn a_full_round_is_a_backlog() {
        assert!(!is_backlog(&[entry("1-0", "mails", 1)]));
        assert!(is_backlog(&[entry("1-0", "mails", MAX_BYTES)]));
        assert!(is_backlog(&vec![entry("1-0", "mails", 1); MAX_BATCH]));
    }
}

//! The shares of the targets in the entries of an outbox.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;

use super::target;
use crate::{
    job::{DeadLetter, Record},
    store::{
        MAX_BATCH, MAX_BYTES,
        outbox::{EntryAlong, OutboxEntry, TargetCopy},
    },
};

/// Whether the outbox most likely has more entries than a round could take.
pub(super) fn is_backlog(entries: &[OutboxEntry]) -> bool {
    let (jobs, bytes) = entries.iter().fold((0, 0), |(jobs, bytes), entry| {
        let size = entry.size();
        (jobs + size.0, bytes + size.1)
    });
    // Nodes of flows come by the hundred, as long as there are any.
    let together = jobs > entries.len() && jobs >= MAX_BATCH / 2;
    entries.len() == MAX_BATCH || together || bytes > MAX_BYTES / 2
}

/// The copies that each target gets, in order.
pub(super) type Shares<'a> = BTreeMap<&'a str, Vec<TargetCopy<'a>>>;

/// The copies of the targets that are wanted.
pub(super) fn share_out(entries: &[OutboxEntry], wanted: impl Fn(&str) -> bool) -> Shares<'_> {
    let mut shares = Shares::new();
    for found in entries.iter().filter(|found| !found.to.is_empty()) {
        for (queue, job) in target::read(&found.to).filter(|(queue, _)| wanted(queue)) {
            let record = match job {
                Some(job) => Record::renamed(&found.record, job),
                None => with_history(found),
            };
            let record = record.map_or(Cow::Borrowed(&found.record[..]), Cow::Owned);
            let id = target::copy_id(found.id.as_str(), job);
            let (priority, arrival) = (found.priority, found.along.arrival.clone());
            let (entry, cancel) = (found.entry.as_str(), found.along.cancel.clone());
            let copies = shares.entry(queue).or_default();
            copies.push(TargetCopy { entry, id, priority, record, arrival, cancel });
            copies.extend(found.along.more.iter().map(|(id, record)| {
                let (id, record) = (Cow::Borrowed(&id[..]), Cow::Borrowed(&record[..]));
                TargetCopy { entry, id, priority, record, arrival: None, cancel: None }
            }));
        }
    }
    shares
}

/// The record of a dead letter with what the script has added to its entry.
fn with_history(entry: &OutboxEntry) -> Option<Vec<u8>> {
    let EntryAlong { errors, priority, steps, .. } = &entry.along;
    if errors.is_empty() && priority.is_none() && steps.is_none() {
        return None;
    }
    DeadLetter::with_history(&entry.record, errors, *priority, steps.clone())
}

/// The copies of each entry. They go in one call, since a queue that has taken an entry takes no
/// more of it.
pub(super) fn by_entry<'a, 'b>(
    copies: &'b [TargetCopy<'a>],
) -> impl Iterator<Item = (&'a str, &'b [TargetCopy<'a>])> {
    let groups = copies.chunk_by(|copy, next| copy.entry == next.entry);
    groups.filter_map(|group| Some((group.first()?.entry, group)))
}

/// How many of the copies one call can carry: at least those of one entry. Jobs that come back go
/// in calls of their own.
pub(super) fn one_call(copies: &[TargetCopy<'_>]) -> usize {
    let (mut count, mut bytes) = (0, 0);
    let (come_back, mark) = (are_back(copies), cancels(copies));
    for (_, group) in by_entry(copies) {
        let size: usize = group.iter().map(copy_size).sum();
        // Ids to cancel are as many as go into a call.
        if are_back(group) != come_back || cancels(group) != mark || (count > 0 && mark.is_some()) {
            break;
        }
        if count > 0 && (count + group.len() > MAX_BATCH || bytes + size > MAX_BYTES) {
            break;
        }
        count += group.len();
        bytes += size;
    }
    count
}

fn copy_size(copy: &TargetCopy<'_>) -> usize {
    let steps = copy.arrival.as_ref().and_then(|arrival| arrival.steps.as_ref());
    copy.record.len() + steps.map_or(0, Bytes::len) + 128
}

/// Whether the copies of one call are jobs that come back to their queue.
pub(super) fn are_back(copies: &[TargetCopy<'_>]) -> bool {
    copies.first().is_some_and(|copy| copy.arrival.is_some())
}

/// How jobs of flows are to be cancelled, if the copies of one call name such.
pub(super) fn cancels<'a>(copies: &'a [TargetCopy<'_>]) -> Option<&'a [u8]> {
    copies.first()?.cancel.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Arrival, JobId};

    fn entry(entry: &str, to: &str, size: usize) -> OutboxEntry {
        let (id, record) = (JobId::from_store("01M"), Bytes::from(vec![0; size]));
        let (entry, to, along) = (entry.to_owned(), to.to_owned(), EntryAlong::default());
        OutboxEntry { entry, to, id, priority: 0, record, along }
    }

    #[test]
    fn each_target_gets_its_copies_in_order() {
        let entries = [entry("1-0", "mails\naudit", 1), entry("2-0", "mails", 1)];
        let shares = share_out(&entries, |_| true);
        let order: Vec<Vec<&str>> =
            shares.values().map(|copies| copies.iter().map(|copy| copy.entry).collect()).collect();
        assert_eq!(shares.keys().collect::<Vec<_>>(), [&"audit", &"mails"]);
        assert_eq!(order, [vec!["1-0"], vec!["1-0", "2-0"]]);
        let of_one = share_out(&entries, |queue| queue == "audit");
        assert_eq!(of_one.keys().collect::<Vec<_>>(), [&"audit"]);
    }

    #[test]
    fn a_queue_bound_by_two_names_gets_two_copies() {
        let entries = [entry("1-0", "mails a\nmails b", 1), entry("2-0", "", 1)];
        let shares = share_out(&entries, |_| true);
        let ids: Vec<_> = shares["mails"].iter().map(|copy| copy.id.clone()).collect();
        assert_eq!(ids.len(), 2);
        assert_ne!(ids[0], ids[1]);
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
        let shares = share_out(&entries, |_| true);
        let mut rest = shares["mails"].as_slice();
        let mut calls = Vec::new();
        while !rest.is_empty() {
            let (call, later) = rest.split_at(one_call(rest));
            calls.push(call.iter().map(|copy| copy.entry).collect::<Vec<_>>());
            rest = later;
        }
        assert_eq!(calls, [vec!["1-0", "1-0"], vec!["2-0"], vec!["3-0"], vec!["4-0"]]);
    }

    /// They are applied by different scripts.
    #[test]
    fn a_call_carries_jobs_of_one_way_alone() {
        let back = |name| {
            let mut found = entry(name, "mails", 1);
            found.along.arrival = Some(Arrival::default());
            found
        };
        let entries =
            [entry("1-0", "mails", 1), back("2-0"), back("3-0"), entry("4-0", "mails", 1)];
        let shares = share_out(&entries, |_| true);
        let copies = shares["mails"].as_slice();
        assert_eq!([one_call(copies), one_call(&copies[1..]), one_call(&copies[3..])], [1, 2, 1]);
    }

    #[test]
    fn a_full_round_is_a_backlog() {
        assert!(!is_backlog(&[entry("1-0", "mails", 1)]));
        assert!(is_backlog(&[entry("1-0", "mails", MAX_BYTES)]));
        assert!(is_backlog(&vec![entry("1-0", "mails", 1); MAX_BATCH]));
    }
}

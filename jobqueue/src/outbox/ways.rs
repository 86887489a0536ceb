//! How far the entries of an outbox have come.

use std::collections::BTreeMap;

use super::target;
use crate::{
    error::Error,
    store::{EntryId, MAX_BATCH, outbox::OutboxEntry},
};

/// The most stuck targets that are named when entries are read.
const MOST_SKIPPED: usize = 16;

/// A target that an entry could not be brought to.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) to: String,
    /// The first entry that didn't arrive.
    pub(super) first: EntryId,
    pub(super) error: Error,
}

/// How far the entries of an outbox have come.
///
/// They are read in order, and each target gets its own: that is the common way. A target that
/// fails leaves it, and gets what it misses on a way of its own. So the others don't wait for it,
/// and what stands there for it is read when it can go, and not again and again. When it has all
/// that was read on the common way, it joins it again.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// Where the common way goes on.
    next: EntryId,
    /// All before this one have arrived wherever the common way leads.
    arrived: EntryId,
    /// The targets that have left it, each with the first entry that it misses.
    stuck: BTreeMap<String, EntryId>,
    /// Entries that have reached all their targets, and are still in the outbox.
    delivered: Vec<String>,
    /// Changes when something was brought to its target.
    pub(super) moved: u64,
}

impl Ways {
    pub(super) fn next(&self) -> EntryId {
        self.next
    }

    /// Entries up to this one are about to be brought to all targets of the common way. From now on
    /// a target that is stuck misses them too.
    pub(super) fn begin(&mut self, last: EntryId) {
        self.next = last.next();
    }

    /// They were brought, but not to these targets, which leave the common way.
    pub(super) fn end(&mut self, entries: &[OutboxEntry], failed: Vec<Failed>) {
        self.arrived = self.next;
        self.moved += 1;
        self.stuck.extend(failed.into_iter().map(|failed| (failed.to, failed.first)));
        self.note_delivered(entries);
    }

    /// The first entry that a stuck target misses; none if it isn't stuck.
    pub(super) fn missed(&self, to: &str) -> Option<EntryId> {
        self.stuck.get(to).copied()
    }

    /// Whether a stuck target misses an entry up to this one; any entry, if there is none.
    pub(super) fn is_any_missed(&self, until: Option<EntryId>) -> bool {
        self.stuck.values().any(|first| until.is_none_or(|until| *first <= until))
    }

    /// Some of the stuck targets, but not this one: what is for them alone needn't be read.
    pub(super) fn skipped(&self, but: Option<&str>) -> Vec<String> {
        let others = self.stuck.keys().filter(|to| but != Some(to.as_str()));
        others.take(MOST_SKIPPED).cloned().collect()
    }

    pub(super) fn count_stuck(&self) -> usize {
        self.stuck.len()
    }

    /// A stuck target has got all before `first`, some of these entries among them.
    pub(super) fn caught_up(&mut self, to: &str, first: EntryId, entries: &[OutboxEntry]) {
        if let Some(missed) = self.stuck.get_mut(to) {
            self.moved += u64::from(first > *missed);
            *missed = first;
        }
        self.note_delivered(entries);
    }

    /// A stuck target misses nothing before `seen`, where the common way went on. It joins it
    /// again, unless more was read there meanwhile.
    pub(super) fn joins(&mut self, to: &str, seen: EntryId) -> bool {
        if self.next == seen {
            return self.stuck.remove(to).is_some();
        }
        self.caught_up(to, seen, &[]);
        false
    }

    fn note_delivered(&mut self, entries: &[OutboxEntry]) {
        let Self { arrived, stuck, delivered, .. } = self;
        let has = |to: &str, entry| entry < *stuck.get(to).unwrap_or(arrived);
        let through = entries.iter().filter(|found| {
            let entry = EntryId::of(&found.entry);
            found.to.is_empty() || target::read(&found.to).all(|(to, _)| has(to, entry))
        });
        delivered.extend(through.map(|found| found.entry.clone()));
    }

    /// Entries to remove, as many as go into a call.
    pub(super) fn take_delivered(&mut self) -> Vec<String> {
        let rest = self.delivered.len().saturating_sub(MAX_BATCH);
        self.delivered.split_off(rest)
    }

    /// They could not be removed.
    pub(super) fn put_back(&mut self, mut delivered: Vec<String>) {
        self.delivered.append(&mut delivered);
    }

    pub(super) fn has_delivered(&self) -> bool {
        !self.delivered.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{error::Operation, job::JobId, store::outbox::EntryAlong};

    fn entries(targets: &[&str]) -> Vec<OutboxEntry> {
        let entry = |(n, to): (usize, &&str)| OutboxEntry {
            entry: format!("{}-0", n + 1),
            to: (*to).to_owned(),
            id: JobId::from_store("01M"),
            priority: 0,
            record: Bytes::new(),
            along: EntryAlong::default(),
        };
        targets.iter().enumerate().map(entry).collect()
    }

    fn at(entry: &str) -> EntryId {
        EntryId::of(entry)
    }

    fn fails(to: &str, first: &str) -> Failed {
        let error = Error::unavailable(Operation::new("test"), "it is away");
        Failed { to: to.to_owned(), first: at(first), error }
    }

    #[test]
    fn an_entry_goes_when_all_its_targets_have_it() {
        let (mut ways, read) = (Ways::default(), entries(&["a\nb", "b", "a", ""]));
        ways.begin(at("4-0"));
        ways.end(&read, vec![fails("b", "1-0")]);
        assert_eq!(ways.take_delivered(), ["3-0", "4-0"]);
        ways.caught_up("b", at("2-0"), &read[..1]);
        assert_eq!(ways.take_delivered(), ["1-0"]);
        ways.put_back(vec!["1-0".to_owned()]);
        assert!(ways.has_delivered());
    }

    /// While the common way brings them, its targets don't have them yet.
    #[test]
    fn what_is_on_its_way_has_not_arrived() {
        let (mut ways, read) = (Ways::default(), entries(&["b", "a\nb"]));
        ways.begin(at("1-0"));
        ways.end(&read[..1], vec![fails("b", "1-0")]);
        ways.begin(at("2-0"));
        ways.caught_up("b", at("3-0"), &read);
        assert_eq!(ways.take_delivered(), ["1-0"]);
        ways.end(&read[1..], vec![fails("a", "2-0")]);
        assert!(!ways.has_delivered());
        ways.caught_up("a", at("3-0"), &read[1..]);
        assert_eq!(ways.take_delivered(), ["2-0"]);
    }

    /// What it would not get on the way that it joins, it must have got before.
    #[test]
    fn a_target_joins_the_common_way_where_that_is() {
        let (mut ways, read) = (Ways::default(), entries(&["b", "b"]));
        ways.begin(at("1-0"));
        ways.end(&read[..1], vec![fails("b", "1-0")]);
        let seen = ways.next();
        ways.begin(at("2-0"));
        assert!(!ways.joins("b", seen), "it misses the second");
        assert_eq!(ways.missed("b"), Some(seen));
        ways.end(&read[1..], Vec::new());
        assert!(ways.joins("b", ways.next()));
        assert_eq!((ways.missed("b"), ways.count_stuck()), (None, 0));
    }

    #[test]
    fn a_wait_for_earlier_entries_is_over_when_no_target_misses_those() {
        let (mut ways, read) = (Ways::default(), entries(&["b", "b"]));
        assert!(!ways.is_any_missed(None));
        ways.begin(at("2-0"));
        ways.end(&read, vec![fails("b", "2-0")]);
        assert!(ways.is_any_missed(None) && ways.is_any_missed(Some(at("2-0"))));
        assert!(!ways.is_any_missed(Some(at("1-9"))));
    }
}

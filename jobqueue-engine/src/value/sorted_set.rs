//! A sorted set: members by score, those of one score by their bytes.

use std::{cmp::Ordering, collections::BTreeSet};

use bytes::Bytes;

use super::{Map, PER_ITEM};

/// A sorted set: members by score, those of one score by their bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedSet {
    scores: Map<f64>,
    order: BTreeSet<Place>,
    /// Of its members alone.
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Place(f64, Bytes);

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then_with(|| self.1.cmp(&other.1))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One end of a range of scores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) score: f64,
    pub(crate) excluded: bool,
}

impl SortedSet {
    pub(crate) fn len(&self) -> usize {
        self.scores.len()
    }

    /// About how much memory it takes. An item stands in both of its orders.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.len() * 2 * PER_ITEM
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub(crate) fn score(&self, member: &[u8]) -> Option<f64> {
        self.scores.get(member).copied()
    }

    /// In an order of its own: a member that is removed makes the last one take its place.
    pub(crate) fn at(&self, place: usize) -> Option<(&Bytes, f64)> {
        self.scores.get_index(place).map(|(member, score)| (member, *score))
    }

    /// Sets a member's score. Whether the member is new.
    pub(crate) fn insert(&mut self, member: Bytes, score: f64) -> bool {
        // Redis has no -0 in its order.
        let score = score + 0.0;
        let former = self.scores.insert(member.clone(), score);
        if former == Some(score) {
            return false;
        }
        if let Some(former) = former {
            self.order.remove(&Place(former, member.clone()));
        }
        if former.is_none() {
            self.bytes += member.len();
        }
        self.order.insert(Place(score, member));
        former.is_none()
    }

    pub(crate) fn remove(&mut self, member: &[u8]) -> bool {
        let Some((member, score)) = self.scores.swap_remove_entry(member) else { return false };
        self.bytes -= member.len();
        self.order.remove(&Place(score, member))
    }

    pub(crate) fn pop_first(&mut self) -> Option<(Bytes, f64)> {
        let Place(score, member) = self.order.pop_first()?;
        self.scores.swap_remove(&member);
        self.bytes -= member.len();
        Some((member, score))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Bytes, f64)> {
        self.order.iter().map(|Place(score, member)| (member, *score))
    }

    pub(crate) fn by_score(&self, from: Bound, to: Bound) -> impl Iterator<Item = (&Bytes, f64)> {
        self.order
            .range(Place(from.score, Bytes::new())..)
            .skip_while(move |place| from.excluded && place.0 == from.score)
            .take_while(move |place| place.0 < to.score || !to.excluded && place.0 == to.score)
            .map(|Place(score, member)| (member, *score))
    }
}

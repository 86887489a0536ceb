//! A list.

use std::{
    collections::VecDeque,
    ops::{Deref, Range},
};

use bytes::Bytes;

use super::PER_ITEM;

/// A list.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    items: VecDeque<Bytes>,
    bytes: usize,
}

impl List {
    pub(crate) fn push_front(&mut self, item: Bytes) {
        self.bytes += item.len() + PER_ITEM;
        self.items.push_front(item);
    }

    pub(crate) fn push_back(&mut self, item: Bytes) {
        self.bytes += item.len() + PER_ITEM;
        self.items.push_back(item);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Bytes> {
        let item = self.items.pop_front()?;
        self.bytes -= item.len() + PER_ITEM;
        Some(item)
    }

    /// Removes all but these.
    pub(crate) fn keep(&mut self, kept: Range<usize>) {
        let behind = self.items.drain(kept.end..).map(|item| item.len() + PER_ITEM).sum::<usize>();
        let before =
            self.items.drain(..kept.start).map(|item| item.len() + PER_ITEM).sum::<usize>();
        self.bytes -= behind + before;
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Deref for List {
    type Target = VecDeque<Bytes>;

    fn deref(&self) -> &Self::Target {
        &self.items
    }
}

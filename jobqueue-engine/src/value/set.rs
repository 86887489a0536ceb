//! A set.

use std::ops::Deref;

use bytes::Bytes;

use super::{Map, PER_ITEM};

/// A set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    members: Map<()>,
    bytes: usize,
}

impl Set {
    /// Whether the member is new.
    pub(crate) fn insert(&mut self, member: Bytes) -> bool {
        let len = member.len();
        let is_new = self.members.insert(member, ()).is_none();
        if is_new {
            self.bytes += len + PER_ITEM;
        }
        is_new
    }

    pub(crate) fn remove(&mut self, member: &[u8]) -> bool {
        let was_there = self.members.swap_remove(member).is_some();
        if was_there {
            self.bytes -= member.len() + PER_ITEM;
        }
        was_there
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Deref for Set {
    type Target = Map<()>;

    fn deref(&self) -> &Self::Target {
        &self.members
    }
}

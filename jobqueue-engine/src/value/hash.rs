//! A hash: values by field.

use std::ops::Deref;

use bytes::Bytes;

use super::{Map, PER_ITEM};

/// A hash: values by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hash {
    fields: Map<Bytes>,
    bytes: usize,
}

impl Hash {
    /// Sets a field. Its former value.
    pub(crate) fn insert(&mut self, field: Bytes, value: Bytes) -> Option<Bytes> {
        let (field_len, value_len) = (field.len(), value.len());
        let former = self.fields.insert(field, value);
        self.bytes += value_len;
        match &former {
            Some(former) => self.bytes -= former.len(),
            None => self.bytes += field_len + PER_ITEM,
        }
        former
    }

    pub(crate) fn remove(&mut self, field: &[u8]) -> bool {
        let Some(value) = self.fields.swap_remove(field) else { return false };
        self.bytes -= field.len() + value.len() + PER_ITEM;
        true
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Deref for Hash {
    type Target = Map<Bytes>;

    fn deref(&self) -> &Self::Target {
        &self.fields
    }
}

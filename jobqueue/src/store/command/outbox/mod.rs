//! Scripts that carry effects from one queue to others.

mod apply;
mod send;
mod take;

pub(crate) use apply::Apply;
pub(crate) use send::Send;
pub(crate) use take::{Head, Parcel, Take};

use super::Args;
#[cfg(feature = "testing")]
use super::{Command, Script};
use crate::job::{JobId, Priority, QueueName};

/// A job for another queue, as it goes into an outbox.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) to: QueueName,
    pub(crate) id: JobId,
    pub(crate) priority: Priority,
    pub(crate) record: Vec<u8>,
}

impl Effect {
    /// About how many bytes it takes on the way.
    pub(crate) fn size(&self) -> usize {
        self.record.len() + 128
    }

    /// As `lua/lib/outbox.lua` reads it.
    pub(super) fn write(&self, args: &mut Args<'_>) {
        args.push(self.to.as_str()).push(self.id.as_str());
        args.push(self.priority.get()).push(self.record.as_slice());
    }
}

#[cfg(feature = "testing")]
pub(super) fn scripts() -> [&'static Script; 3] {
    [Apply::SCRIPT, Send::SCRIPT, Take::SCRIPT]
}

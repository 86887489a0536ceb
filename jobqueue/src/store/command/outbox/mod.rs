//! Scripts that carry effects from one queue to others.

mod apply;
mod enqueue;
mod register_source;
mod reply;
mod take;

use super::Args;
#[cfg(feature = "internals")]
use super::{Command, Script};
use crate::job::Effect;
pub(crate) use apply::{Apply, TargetCopy};
pub(crate) use enqueue::Enqueue;
pub(crate) use register_source::RegisterSource;
pub(crate) use reply::Reply;
pub(crate) use take::{OutboxEntry, Take, TakenEntries};

/// Writes an effect as the scripts read it.
pub(crate) fn write_effect(effect: &Effect, args: &mut Args<'_>) {
    args.push(effect.to.to_string()).push(effect.id.as_str());
    args.push(effect.priority.get()).push(effect.record.as_slice());
}

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 5] {
    [Apply::SCRIPT, RegisterSource::SCRIPT, Reply::SCRIPT, Enqueue::SCRIPT, Take::SCRIPT]
}

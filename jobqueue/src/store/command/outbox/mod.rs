//! Scripts that carry effects from one queue to others.

mod apply;
mod register_source;
mod reply;
mod send;
mod take;

use super::Args;
#[cfg(feature = "testing")]
use super::{Command, Script};
use crate::job::Effect;
pub(crate) use apply::{Apply, Copy};
pub(crate) use register_source::Introduce;
pub(crate) use reply::Reply;
pub(crate) use send::Send;
pub(crate) use take::{Head, Parcel, Take};

/// Writes an effect as the scripts read it.
pub(crate) fn write_effect(effect: &Effect, args: &mut Args<'_>) {
    args.push(effect.to.to_string()).push(effect.id.as_str());
    args.push(effect.priority.get()).push(effect.record.as_slice());
}

#[cfg(feature = "testing")]
pub(crate) fn scripts() -> [&'static Script; 5] {
    [Apply::SCRIPT, Introduce::SCRIPT, Reply::SCRIPT, Send::SCRIPT, Take::SCRIPT]
}

//! Scripts that the worker runtime calls.

mod advance;
mod extend;
mod heartbeat;
mod join;
mod leave;
mod settle;
mod settlement;
mod taken;
mod wake;

pub(crate) use advance::{Advance, Limit, Turn};
pub(crate) use extend::Extend;
pub(crate) use heartbeat::Heartbeat;
pub(crate) use join::{CodeLimits, Holding, Join};
pub(crate) use leave::Leave;
pub(crate) use settle::Settle;
pub(crate) use settlement::{End, Settlement};
pub(crate) use taken::Taken;
pub(crate) use wake::Wake;

#[cfg(feature = "testing")]
use super::{Command, Script};

#[cfg(feature = "testing")]
pub(super) fn scripts() -> [&'static Script; 7] {
    [
        Advance::SCRIPT,
        Extend::SCRIPT,
        Heartbeat::SCRIPT,
        Join::SCRIPT,
        Leave::SCRIPT,
        Settle::SCRIPT,
        Wake::SCRIPT,
    ]
}

//! Scripts that the worker runtime calls.

mod advance;
mod extend;
mod heartbeat;
mod join;
mod leave;
mod observe;
pub(super) mod observed;
mod settle;
mod settlement;
mod taken;
mod wake;

pub(crate) use advance::{Advance, Limit, Turn};
pub(crate) use extend::Extend;
pub(crate) use heartbeat::Heartbeat;
pub(crate) use join::{CodeLimits, Holding, Join};
pub(crate) use leave::Leave;
pub(crate) use observe::{Observe, Observed};
pub(crate) use settle::Settle;
pub(crate) use settlement::{End, Settlement};
pub(crate) use taken::Taken;
pub(crate) use wake::Wake;

#[cfg(feature = "testing")]
use super::{Command, Script};

#[cfg(feature = "testing")]
pub(super) fn scripts() -> [&'static Script; 8] {
    [
        Advance::SCRIPT,
        Extend::SCRIPT,
        Heartbeat::SCRIPT,
        Join::SCRIPT,
        Leave::SCRIPT,
        Observe::SCRIPT,
        Settle::SCRIPT,
        Wake::SCRIPT,
    ]
}

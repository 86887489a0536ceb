//! Scripts that the worker runtime calls.

mod advance;
mod by_hand;
mod extend;
mod give_back;
mod heartbeat;
mod identify;
mod join;
mod leave;
mod list;
mod observe;
pub(crate) mod observed;
mod rooms;
mod settle;
mod settlement;
mod taken;
mod wake;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use advance::{Advance, Limit, Turn};
pub(crate) use by_hand::ByHand;
pub(crate) use extend::Extend;
pub(crate) use give_back::GiveBack;
pub(crate) use heartbeat::Heartbeat;
pub(crate) use identify::Identify;
pub(crate) use join::{CodeLimits, Join};
pub(crate) use leave::Leave;
pub(crate) use list::{List, ListedWorker};
pub(crate) use observe::Observe;
pub(crate) use observed::Observed;
pub(crate) use rooms::Rooms;
pub(crate) use settle::Settle;
pub(crate) use taken::Taken;
pub(crate) use wake::Wake;

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 11] {
    [
        Advance::SCRIPT,
        Extend::SCRIPT,
        GiveBack::SCRIPT,
        Heartbeat::SCRIPT,
        Identify::SCRIPT,
        Join::SCRIPT,
        Leave::SCRIPT,
        List::SCRIPT,
        Observe::SCRIPT,
        Settle::SCRIPT,
        Wake::SCRIPT,
    ]
}

//! Scripts on flows.

mod cancel;
mod expire;
mod note;
mod page;
mod read;
mod remove;
mod results;
mod retry;
mod stage;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use cancel::{Cancel, CancelledFlow};
pub(crate) use expire::Expire;
pub(crate) use note::Note;
pub(crate) use page::Page;
pub(crate) use read::{FlowGroup, FlowRecord, Read, Which};
pub(crate) use remove::{Remove, Removed};
pub(crate) use results::{Results, Wanted};
pub(crate) use retry::{Retried, Retry, RetryFrom};
pub(crate) use stage::{Follow, GroupPart, GroupQueue, NodePart, Stage, Staged, Start, Within};

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 9] {
    [
        Cancel::SCRIPT,
        Expire::SCRIPT,
        Note::SCRIPT,
        Page::SCRIPT,
        Read::SCRIPT,
        Remove::SCRIPT,
        Results::SCRIPT,
        Retry::SCRIPT,
        Stage::SCRIPT,
    ]
}

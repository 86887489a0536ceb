//! Scripts on flows.

mod cancel;
mod note;
mod read;
mod remove;
mod results;
mod stage;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use cancel::{Cancel, CancelledFlow};
pub(crate) use note::Note;
pub(crate) use read::{FlowGroup, FlowRecord, Over, Read, Which};
pub(crate) use remove::Remove;
pub(crate) use results::{Results, Wanted};
pub(crate) use stage::{Follow, GroupPart, GroupQueue, NodePart, Stage, Staged, Start, Within};

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 6] {
    [Cancel::SCRIPT, Note::SCRIPT, Read::SCRIPT, Remove::SCRIPT, Results::SCRIPT, Stage::SCRIPT]
}

//! TODO-DOC.

pub(crate) mod dead_letter;
mod decide;
mod defaults;
pub(crate) mod reply;

pub(crate) use decide::{Decision, RunOutcome, RunPolicy, decide};
pub(crate) use defaults::JobDefaults;

//! TODO-DOC.

pub(crate) mod dead_letter;
mod decide;
mod defaults;
pub(crate) mod reply;

pub(crate) use decide::{Ended, Ruling, Terms, rule};
pub(crate) use defaults::Care;

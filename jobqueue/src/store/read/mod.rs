//! TODO-DOC.

pub(crate) mod events;
mod inbox;
mod topic;

pub(crate) use events::{Entry, StreamPosition};
pub(crate) use topic::{Edge, Kept};

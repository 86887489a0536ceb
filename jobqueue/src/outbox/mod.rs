//! TODO-DOC.

mod deliver;
mod early_reply;
mod entry_id;
mod pass;
mod relay;
pub(crate) mod target;

pub(crate) use entry_id::EntryId;
pub(crate) use relay::Relays;

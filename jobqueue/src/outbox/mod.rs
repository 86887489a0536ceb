//! Effects of one queue on others: from its outbox to their targets.
//!
//! A script writes an effect to the outbox of its queue in the same atomic step as its cause. A
//! relay then brings it to its target: at least once on the way, and once at the target. An outbox
//! is always read from its head and in order, so a target that remembers the last entry it took
//! knows which ones it has.

mod background;
mod deliver;
mod early_reply;
mod entry_id;
mod pass;
mod relay;
mod relays;
mod reply;
mod shares;
mod source;
pub(crate) mod target;

pub(crate) use entry_id::EntryId;
pub(crate) use relays::Relays;

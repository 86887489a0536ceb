//! Effects of one queue on others: from its outbox to their targets.
//!
//! A script writes an effect to the outbox of its queue in the same atomic step as its cause. A
//! relay then brings it to its target: at least once on the way, and once at the target. A target
//! gets its entries in order, from the head of the outbox on, so it knows which ones it has by the
//! last that it took. What a target gets doesn't wait for what another can't take: see [`ways`].
//!
//! A relay removes an entry only while the connections are those by which it was brought: behind
//! others a replica may answer that has the entry, and lacks what was brought.

mod background;
mod deliver;
mod early_reply;
mod flow;
mod patience;
mod relay;
mod relays;
mod reply;
mod shares;
mod source;
mod stuck;
pub(crate) mod target;
mod ways;

pub(crate) use relays::Relays;

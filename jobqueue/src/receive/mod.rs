//! Receiving by hand: jobs for consumers that bring a loop of their own.
//!
//! Each receive holds its jobs under a name of its own, as a worker does, with the visibility
//! timeout as its lease. So the rules for workers hold here too: leases that run out, the fence,
//! limits and pauses. A job is acknowledged by itself (`worker/settle`), and may get a lease of its
//! own (`worker/extend`).

mod connections;
mod context;
mod delivery;
mod expire;
mod fetcher;
mod receiver;
mod request;
mod rules;
mod settle;

pub use delivery::Delivery;
pub use receiver::Receiver;
pub use request::Receive;

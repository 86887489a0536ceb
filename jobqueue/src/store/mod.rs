//! Floor 2: the only place that knows redis, keys and Lua.
//!
//! A call is a value ([`command::Command`]) that a [`QueueStore`] sends by its [`Route`] and whose reply
//! comes back typed.

mod chunk;
mod command;
mod durability;
#[cfg(feature = "internals")]
pub(crate) mod hot;
mod ids;
mod keys;
mod link;
#[cfg(test)]
mod properties;
mod pubsub;
mod queue_store;
mod read;
mod reply;
mod retries;
mod script;
mod server_error;
mod servers;
mod time;

pub(crate) use chunk::{MAX_BATCH, MAX_BYTES, chunks};
#[cfg(feature = "internals")]
pub(crate) use command::scripts;
pub(crate) use command::{job, once, outbox, queue, topic, worker};
pub use durability::Durability;
#[cfg(feature = "internals")]
pub(crate) use ids::read as read_ids;
pub(crate) use link::Limits;
pub use link::TlsOptions;
pub(crate) use pubsub::Subscription;
pub(crate) use queue_store::QueueStore;
pub(crate) use read::{Edge, Entry, Kept, StreamPosition};
pub(crate) use retries::Retries;
pub(crate) use servers::Store;
pub(crate) use time::{deadline_after, millis, rate_text};

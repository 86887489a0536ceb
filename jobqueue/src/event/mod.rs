//! The events of a queue, as typed values.

mod stream;
mod watch;

pub use stream::{Event, EventId, EventKind, EventStream};
pub(crate) use watch::Watchers;

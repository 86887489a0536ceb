//! Floor 3: what happens in a queue, as typed events.

mod stream;
mod watch;

pub use stream::{Event, EventId, EventKind, EventStream};
pub(crate) use watch::Watchers;

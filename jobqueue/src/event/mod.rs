//! Events: what happens in a queue, over all producers and workers.
//!
//! ```no_run
//! # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
//! use jobqueue::event::EventKind;
//!
//! let mut events = orders.events();
//! while let Some(event) = events.next().await {
//!     let event = event?;
//!     if event.kind == EventKind::Failed {
//!         println!("failed: {:?}", event.jobs);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Queue::events`](crate::Queue::events) follows a queue from now on;
//! [`Queue::events_after`](crate::Queue::events_after) goes on from an [`EventId`]. The newest
//! 1,000 entries are kept, unless [`SetLimits::events`](crate::manage::SetLimits::events) says
//! otherwise. What happens inside one worker is in [`telemetry`](crate::telemetry).

mod feed;
mod listener;
mod stream;
mod watch;

pub use stream::{Event, EventId, EventKind, EventStream};
pub(crate) use watch::Watchers;

//! TODO-DOC.

mod events;
mod histograms;
mod hooks;
mod metrics;

pub(crate) use events::Announcer;
pub use events::WorkerEvent;
pub(crate) use histograms::{ServerClock, Tally, Times};
pub use hooks::{Alert, DeadLettered};
pub(crate) use hooks::{Bell, Hooks, Porter};
pub(crate) use metrics::{JobMeter, QueueMeter};

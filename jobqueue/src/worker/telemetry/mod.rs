//! TODO-DOC.

mod events;
mod histograms;
mod hooks;
mod metrics;
mod stream;

pub(crate) use events::EventSender;
pub use events::WorkerEvent;
pub(crate) use histograms::{PendingStats, ServerClock, Times};
pub use hooks::{Alert, DeadLettered};
pub(crate) use hooks::{HookSender, HookTask, Hooks};
pub(crate) use metrics::{JobMeter, QueueMeter};
pub use stream::WorkerEvents;

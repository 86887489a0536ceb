//! Handlers that run several jobs at once.
//!
//! What gathers them is the pump; each job keeps a run of its own, and has its own end.

mod call;
mod context;
mod handler;

pub(crate) use call::{BatchCall, ItemEnd, write};
pub use context::{BatchContext, FromBatch};
pub use handler::BatchHandler;

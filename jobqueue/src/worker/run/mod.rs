//! One run of a job: start → run → decide → report.

mod breaker;
mod cancellation;
mod context;
mod dead_letter;
mod execute;
mod reply;
mod report;
mod shared;

pub(crate) use breaker::{Demand, HandlerBreaker};
pub(crate) use cancellation::Cancellation;
pub use context::Context;
pub(crate) use context::{ContextParts, run_trace};
pub(crate) use execute::{Run, discard, panic_message};
pub(crate) use report::{RunEnd, RunReport, report};
pub(crate) use shared::{DeadLetterQueues, RunShared};

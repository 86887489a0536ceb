//! One run of a job: start → run → decide → report.

mod as_worker;
mod batch;
mod breaker;
mod cancellation;
mod context;
mod dead_letter;
mod execute;
#[cfg(feature = "testing")]
mod faults;
mod hold;
mod journal;
mod last;
mod panics;
mod reply;
mod report;
mod run_steps;
#[cfg(feature = "testing")]
mod run_watch;
mod shared;
mod suspender;

pub(crate) use as_worker::as_worker;
pub(crate) use batch::{BatchRun, Leave};
pub(crate) use breaker::{BreakerGuard, Demand, HandlerBreaker};
pub(crate) use cancellation::Cancellation;
pub use context::Context;
pub(crate) use context::{AttemptNumbers, ContextParts, run_trace};
pub(crate) use execute::Run;
pub(crate) use hold::Hold;
pub(crate) use journal::{Entry as JournalEntry, Journal, Part, Spot, describe, number};
pub(crate) use panics::{discard, panic_message};
pub(crate) use report::{RunEnd, RunReport, report};
pub(crate) use run_steps::{Compensation, RunParts, RunSteps};
#[cfg(feature = "testing")]
pub use run_watch::Ran;
#[cfg(feature = "testing")]
pub(crate) use run_watch::{Crashes, Note, RunFault, RunWatch};
pub(crate) use shared::{DeadLetterQueues, RunShared};
pub(crate) use suspender::Wait;

//! One run of a job: start → run → decide → report.

mod breaker;
mod cancellation;
mod context;
mod dead_letter;
mod execute;
#[cfg(feature = "testing")]
mod faults;
mod reply;
mod report;
#[cfg(feature = "testing")]
mod run_watch;
mod shared;
mod suspender;

pub(crate) use breaker::{Demand, HandlerBreaker};
pub(crate) use cancellation::Cancellation;
pub use context::Context;
pub(crate) use context::{AttemptNumbers, ContextParts, run_trace};
pub(crate) use execute::{Run, discard, panic_message};
pub(crate) use report::{RunEnd, RunReport, report};
#[cfg(feature = "testing")]
pub use run_watch::Ran;
#[cfg(feature = "testing")]
pub(crate) use run_watch::{Crashes, Note, RunFault, RunWatch};
pub(crate) use shared::{DeadLetterQueues, RunShared};
#[expect(unused_imports, reason = "for what waits")]
pub(crate) use suspender::{Suspender, Wait};

//! Floor 3: the runtime that fetches jobs and runs their handlers.
//!
//! A [`Worker`] has one *pump* a queue: it settles what has ended and fetches what fits, in one call a
//! turn. Each fetched job becomes a *run*, a tokio task that reads as a pipeline: start → run → classify
//! → report. A thread of its own keeps the lease.

mod builder;
mod config;
mod context;
mod events;
mod extract;
mod handler;
mod held;
mod lease;
mod letter;
mod listener;
mod macros;
mod pump;
mod registry;
mod run;
mod shutdown;
mod signals;
mod turn;
mod verdict;
#[expect(clippy::module_inception, reason = "the worker itself, beside its parts")]
mod worker;

pub use builder::{Worker, WorkerBuilder};
pub(crate) use config::Care;
pub use context::Context;
#[cfg(feature = "testing")]
pub(crate) use context::ContextParts;
pub use events::WorkerEvent;
pub use extract::{FromContext, MissingState, State, States};
pub use handler::Handler;
pub(crate) use letter::address;
pub(crate) use listener::LONGEST_SLEEP;
#[doc(hidden)]
pub use macros::{
    HandlerResult, JobErrorTag, OwnTag, StdErrorTag, ViaJobError, ViaStdError, run_blocking,
};
pub(crate) use registry::MAX_RESULT;
#[cfg(feature = "testing")]
pub(crate) use signals::Signals;
pub(crate) use verdict::{Ended, Ruling, Terms, rule};
pub use worker::WorkerHandle;

//! Floor 3: the runtime that fetches jobs and runs their handlers.
//!
//! A [`Worker`] has one *pump* a queue: it settles what has ended and fetches what fits, in one call a
//! turn. Each fetched job becomes a *run*, which reads as a pipeline: start → run → classify → report. It is
//! a tokio task, unless it ends at the first look on a runtime of one thread. A thread of its own keeps the lease.

mod broadcast;
mod builder;
mod config;
mod extract;
mod handle;
mod handler;
mod macros;
mod once;
mod pump;
mod registry;
mod run;
mod signals;
mod sources;
mod telemetry;

pub use broadcast::Listener;
pub use builder::{Worker, WorkerBuilder};
pub use extract::{FromContext, MissingState, State, States};
pub use handle::WorkerHandle;
pub use handler::Handler;
#[doc(hidden)]
pub use macros::{
    HandlerResult, JobErrorTag, OwnTag, StdErrorTag, ViaJobError, ViaStdError, classify, once,
    run_blocking,
};
pub use once::{Once, OnceError};
pub(crate) use pump::MAX_SLEEP;
pub(crate) use registry::MAX_RESULT;
pub use run::Context;
#[cfg(feature = "testing")]
pub(crate) use run::{ContextParts, Signals, run_trace};
pub use telemetry::{Alert, DeadLettered, WorkerEvent, WorkerEvents};

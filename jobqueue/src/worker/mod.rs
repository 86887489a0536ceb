//! The runtime of workers: it fetches jobs and runs their handlers.
//!
//! A [`Worker`] has one *pump* a queue, which settles ended jobs and fetches others, in one call a
//! turn. Each fetched job becomes a *run*: start → run → decide → report. A run is a tokio task,
//! unless it ends when it is polled first on a runtime of one thread. A thread of its own sends the
//! heartbeats.

mod broadcast;
mod builder;
mod config;
mod extract;
mod handle;
mod handler;
mod handler_limits;
mod macros;
mod once;
mod pump;
mod rate_limiter;
mod registry;
mod run;
mod runtime;
mod signals;
mod sources;
mod states;
mod telemetry;

pub use broadcast::Listener;
pub use builder::WorkerBuilder;
pub(crate) use config::MAX_SLEEP;
pub use extract::{FromContext, State};
pub use handle::WorkerHandle;
pub use handler::Handler;
#[doc(hidden)]
pub use macros::{
    IsResult, NoResult, Probe, Return, Returns, ReturnsPlain, ViaJobError, ViaNoError, ViaStdError,
    classify, judged, once, run_blocking,
};
pub use once::{Once, OnceError, TakesOnceError};
pub use run::Context;
#[cfg(feature = "testing")]
pub(crate) use run::{Cancellation, ContextParts, run_trace};
pub use runtime::Worker;
pub use states::{MissingState, States};
pub use telemetry::{Alert, DeadLettered, WorkerEvent, WorkerEvents};

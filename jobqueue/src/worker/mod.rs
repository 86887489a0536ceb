//! Floor 3: the runtime that fetches jobs and runs their handlers.
//!
//! A [`Worker`] has one *pump* a queue: it settles what has ended and fetches what fits, in one call a
//! turn. Each fetched job becomes a *run*, which reads as a pipeline: start → run → classify → report. It is
//! a tokio task, unless it ends at the first look on a runtime of one thread. A thread of its own keeps the lease.

mod breaker;
mod builder;
mod config;
mod context;
mod events;
mod extract;
mod glance;
mod handler;
mod held;
mod hooks;
mod idempotent;
mod lease;
mod letter;
mod listen;
mod listener;
mod macros;
mod meter;
mod once;
mod once_error;
mod pump;
mod radio;
mod registry;
mod reply;
mod run;
mod shutdown;
mod signals;
mod sources;
mod tally;
mod turn;
mod verdict;
mod wait;
#[expect(clippy::module_inception, reason = "the worker itself, beside its parts")]
mod worker;

pub use builder::{Worker, WorkerBuilder};
pub(crate) use config::Care;
pub use context::Context;
#[cfg(feature = "testing")]
pub(crate) use context::{ContextParts, run_trace};
pub use events::WorkerEvent;
pub use extract::{FromContext, MissingState, State, States};
pub use handler::Handler;
pub use hooks::{Alert, DeadLettered};
pub use idempotent::Once;
pub(crate) use letter::send as send_letter;
pub use listen::Listener;
pub(crate) use listener::LONGEST_SLEEP;
#[doc(hidden)]
pub use macros::{
    IsResult, NoResult, Probe, Return, Returns, ReturnsPlain, ViaJobError, ViaNoError, ViaStdError,
    classify, once, run_blocking,
};
pub use once_error::OnceError;
pub(crate) use registry::MAX_RESULT;
pub(crate) use reply::enclose as enclose_reply;
#[cfg(feature = "testing")]
pub(crate) use signals::Signals;
pub(crate) use verdict::{Ended, Ruling, Terms, rule};
pub use worker::WorkerHandle;

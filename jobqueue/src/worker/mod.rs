//! The runtime of workers: it fetches jobs and runs their handlers.
//!
//! A [`Worker`] has one *pump* a queue, which settles ended jobs and fetches others, in one call a
//! turn. Each fetched job becomes a *run*: start → run → decide → report. A run is a tokio task,
//! unless it ends when it is polled first on a runtime of one thread. A thread of its own sends the
//! heartbeats.

mod batch;
mod broadcast;
mod builder;
#[cfg(feature = "testing")]
mod by_one;
mod config;
mod extract;
mod flow_node;
mod handle;
mod handler;
mod handler_limits;
mod health;
mod inputs;
mod macros;
mod once;
mod pump;
mod rate_limiter;
mod registry;
mod run;
mod runtime;
mod schedules;
mod signals;
mod sources;
mod states;
mod steps;
mod telemetry;
mod ticks;

pub use batch::{BatchContext, BatchHandler, FromBatch};
pub use broadcast::Listener;
pub use builder::WorkerBuilder;
#[cfg(feature = "testing")]
pub(crate) use by_one::{OneByOne, QueuesAside};
pub(crate) use config::MAX_SLEEP;
pub use extract::{FromContext, State};
pub use handle::WorkerHandle;
pub use handler::Handler;
pub use health::{HealthProblem, QueueHealth, WorkerHealth, WorkerPhase};
#[doc(hidden)]
pub use macros::{
    IsResult, NoResult, Probe, Return, Returns, ReturnsPlain, ViaJobError, ViaNoError, ViaStdError,
    all_well, classify, judged, once, run_blocking,
};
pub use once::{Once, OnceError, TakesOnceError};
#[cfg(feature = "testing")]
pub(crate) use pump::{OneEnd, OneSettled};
pub use run::Context;
#[cfg(feature = "testing")]
pub use run::Ran;
#[cfg(feature = "testing")]
pub(crate) use run::{
    AttemptNumbers, Cancellation, ContextParts, Crashes, Note, RunFault, RunParts, RunWatch,
    run_trace,
};
pub use runtime::Worker;
pub use states::{MissingState, States};
pub use steps::{
    ByVersion, Children, Each, EachItem, OptionalWait, Plain, ResultsOf, SettledStep, Sleep, Step,
    StepError, TakesStepError, WaitFor,
};
pub use telemetry::{Alert, DeadLettered, WorkerEvent, WorkerEvents};
pub(crate) use ticks::TickerName;

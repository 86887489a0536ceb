//! A job queue on Redis: typed handlers by attribute, batched atomic scripts, nothing lost.

mod error;
mod event;
mod job;
mod policy;
mod queue;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod worker;

pub use jobqueue_macros::{JobError, job};

pub use error::{Corrupt, Error, Invalid, PayloadError, Refused, Result, ResultError};
pub use event::{Event, EventId, EventKind, EventStream};
pub use job::{
    Codec, Definition, Failure, FailureReason, Job, JobError, JobFailure, JobId, JobInfo, JobName,
    JobOptions, JobState, Outcome, Priority, QueueCounts, QueueName, Record, Verdict,
};
pub use policy::{Backoff, DurationExt, Rate, Retain};
pub use queue::{
    Add, AddAll, BulkError, Client, ClientBuilder, JobHandle, JobPages, Queue, QueueLimits,
    SetLimits,
};
pub use store::{Durability, TlsOptions};
pub use worker::{
    Context, FromContext, Handler, MissingState, State, States, Worker, WorkerBuilder, WorkerEvent,
    WorkerHandle,
};

/// For the code that the macros write. Nothing here is for people, and all of it may change.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        Backoff, Codec, Context, Definition, Failure, FromContext, Handler, Job, JobError,
        MissingState, Rate, Retain, State, States, Verdict,
        job::DEFAULT_HOLD,
        worker::{
            HandlerResult, JobErrorTag, OwnTag, StdErrorTag, ViaJobError, ViaStdError, run_blocking,
        },
    };

    /// What calling an asynchronous handler directly gives.
    pub type BoxFuture<T> =
        std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'static>>;
}

//! A job queue on Redis: typed handlers by attribute, workers as background processes, nothing lost.
//!
//! ```no_run
//! use jobqueue::{Client, Worker, job};
//!
//! #[job(queue = "mails", attempts = 5, timeout = "30s")]
//! async fn welcome(user: u64) -> Result<(), std::io::Error> {
//!     println!("welcome, {user}");
//!     Ok(())
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("redis://127.0.0.1").await?;
//! let handle = client.add(welcome, 42).await?; // from any process
//! Worker::builder(&client).handler(welcome).run().await?; // in another, until SIGTERM
//! handle.result().await?; // typed by the handler
//! # Ok(())
//! # }
//! ```
//!
//! # The map
//!
//! | to | take |
//! | --- | --- |
//! | declare what runs | [`#[job]`](macro@job), [`Context`], [`State`], [`FromContext`]; [`Failure`], [`JobError`](trait@JobError) |
//! | add jobs | [`Client::add`], [`Client::add_all`], [`Queue::add`]; [`Add`] has the options |
//! | wait for results | [`JobHandle::result`] |
//! | run jobs | [`Worker`], [`WorkerHandle`], [`WorkerEvent`] |
//! | fetch jobs in a loop of your own | [`Queue::receive`], [`Receiver`], [`Delivery`] |
//! | look and steer | [`Queue`], [`JobInfo`], [`QueueCounts`], [`EventStream`], [`SetLimits`] |
//! | look at what failed for good, and send it back | [`DeadLetters`], [`DeadLetter`] |
//! | handle errors | [`Error`], sorted by what a caller can do |
//! | test handlers | `testing`, with the feature of that name |
//!
//! # Features
//!
//! - `tls` (default): `rediss://` URLs, with rustls.
//! - `testing`: contexts for tests of handlers without Redis.
//!
//! How it works, and what stands where in Redis, is in the repository's `ARCHITECTURE.md`.

mod error;
mod event;
mod flaw;
mod job;
mod policy;
mod queue;
mod receive;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod worker;

pub use jobqueue_macros::{JobError, job};

pub use error::{Error, Refused, Result, ResultError};
pub use event::{Event, EventId, EventKind, EventStream};
pub use flaw::{Corrupt, Invalid, PayloadError};
pub use job::{
    Codec, DeadLetter, Definition, Failure, FailureReason, Job, JobError, JobFailure, JobId,
    JobInfo, JobName, JobOptions, JobState, Outcome, Priority, QueueCounts, QueueName, Record,
};
pub use policy::{Backoff, DurationExt, Overflow, Rate, Retain, Verdict};
pub use queue::{
    Add, AddAll, BulkError, Client, ClientBuilder, DeadLetters, JobHandle, JobPages, Queue,
    QueueLimits, Redrive, SetLimits,
};
pub use receive::{Delivery, Receive, Receiver};
pub use store::{Durability, TlsOptions};
pub use worker::{
    Context, FromContext, Handler, MissingState, State, States, Worker, WorkerBuilder, WorkerEvent,
    WorkerHandle,
};

/// The README's examples are compiled like all others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

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

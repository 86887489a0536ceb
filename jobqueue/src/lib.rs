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
//! | write code for any handler | [`IntoJob`], [`IntoBroadcast`] |
//! | declare a handler, and implement it in another crate | [`#[job]`](macro@job), "Declared handlers" |
//! | change what jobs carry | [`Payload`](trait@Payload), [`Extra`] |
//! | add jobs | [`Client::add`], [`Client::add_all`], [`Queue::add`]; [`Add`] has the options |
//! | wait for results | [`JobHandle::result`] |
//! | call a handler and wait for its reply | [`Client::call`], [`Queue::call`]; [`Call`] has the options |
//! | tell every live worker process at once | [`#[broadcast]`](macro@broadcast), [`Client::broadcast`], [`WorkerBuilder::listener`] |
//! | run jobs | [`Worker`], [`WorkerHandle`], [`WorkerEvent`] |
//! | fetch jobs in a loop of your own | [`Queue::receive`], [`Receiver`], [`Delivery`] |
//! | look and steer | [`Queue`], [`JobInfo`], [`QueueCounts`], [`EventStream`], [`SetLimits`] |
//! | monitor | [`Queue::stats`], [`QueueStats`], [`Histogram`], [`Rates`], [`prometheus_text`] |
//! | follow a trace | [`TraceContext`], [`Context::trace`] |
//! | say what follows from an error | [`RetryPolicy`], [`ErrorClass`], [`Verdict`]; [`Breaker`] |
//! | let an effect happen once | [`Context::once`], `#[job(idempotent)]` |
//! | publish to many queues, and bind them | [`Client::publish`], [`Topic`], [`Filter`] |
//! | look at what failed for good, and send it back | [`DeadLetters`], [`DeadLetter`] |
//! | choose how often a job runs when something goes wrong | [`docs::delivery`] |
//! | find the patterns of other message queues | [`docs::patterns`] |
//! | handle errors | [`Error`], sorted by what a caller can do |
//! | test handlers | `testing`, with the feature of that name |
//!
//! # Features
//!
//! - `tls` (default): `rediss://` URLs, with rustls.
//! - `metrics`: counters, gauges and histograms from inside the workers, through the facade of that name; [`Worker`] has
//!   their names.
//! - `testing`: contexts for tests of handlers without Redis.
//!
//! Idempotency in a database's transaction, a transactional outbox and payloads that change are in [`docs::recipes`].
//! How it works, and what stands where in Redis, is in the repository's `ARCHITECTURE.md`.

mod error;
mod event;
mod flaw;
mod job;
mod policy;
mod queue;
mod receive;
mod stats;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod worker;

pub use jobqueue_macros::{JobError, Payload, broadcast, job};

pub use error::{CallError, Error, Refused, Result, ResultError};
pub use event::{Event, EventId, EventKind, EventStream};
pub use flaw::{Corrupt, Invalid, PayloadError};
pub use job::{
    Broadcast, Channel, Codec, DeadLetter, Declaration, Definition, Extra, Failure, FailureReason,
    HandlerFuture, IntoBroadcast, IntoJob, Job, JobError, JobFailure, JobId, JobInfo, JobName,
    JobOptions, JobState, Origin, Outcome, Payload, PayloadVersions, Priority, QueueCounts,
    QueueName, Record, SpanId, TraceContext, TraceId, UnderWay,
};
pub use policy::{
    Backoff, Breaker, DurationExt, ErrorClass, Filter, Overflow, Rate, Retain, RetryPolicy,
    RetryRule, Verdict, retry_after,
};
pub use queue::{
    Add, AddAll, Announcement, Bind, Binding, BulkError, Call, Client, ClientBuilder, DeadLetters,
    JobHandle, JobPages, Publish, PublishAll, PublishAllError, Queue, QueueLag, Receipt, Redrive,
    SetLimits, Start, Topic, TopicStats,
};
pub use receive::{Delivery, Receive, Receiver};
pub use stats::{Histogram, QueueLimits, QueueStats, Rates, WorkerStats, prometheus_text};
pub use store::{Durability, TlsOptions};
pub use worker::{
    Alert, Context, DeadLettered, FromContext, Handler, Listener, MissingState, Once, OnceError,
    State, States, Worker, WorkerBuilder, WorkerEvent, WorkerHandle,
};

/// The README's examples are compiled like all others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What takes longer to say.
pub mod docs {
    #[doc = include_str!("docs/recipes.md")]
    pub mod recipes {}

    #[doc = include_str!("docs/delivery.md")]
    pub mod delivery {}

    #[doc = include_str!("docs/patterns.md")]
    pub mod patterns {}
}

/// For the code that the macros write. Nothing here is for people, and all of it may change.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    pub use crate::{
        Backoff, Breaker, Broadcast, Channel, Codec, Context, Declaration, Definition, ErrorClass,
        Failure, FromContext, Handler, HandlerFuture, Job, JobError, Listener, MissingState,
        Payload, PayloadError, Rate, Retain, RetryPolicy, State, States, Verdict,
        job::{
            BoxFuture, DEFAULT_HOLD, PayloadVersions, Unversioned, Versioned, checked, declared,
            step,
        },
        worker::{
            IsResult, NoResult, Probe, Return, Returns, ReturnsPlain, ViaJobError, ViaNoError,
            ViaStdError, classify, once, run_blocking,
        },
    };
}

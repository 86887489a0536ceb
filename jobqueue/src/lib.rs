#![cfg_attr(docsrs, feature(doc_cfg))]

//! A job queue on Redis: typed handlers by attribute, workers as background processes, nothing lost.
//!
//! ```no_run
//! use jobqueue::{job, Client, Worker};
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
//! | declare jobs | [`#[job]`](macro@job), [`Context`], [`State`]; more in [`handler`] |
//! | add jobs | [`Client::add`], [`Client::add_all`], [`Queue::add`]; [`Add`] has the options |
//! | wait for results | [`JobHandle::result`] |
//! | run jobs | [`Worker`], [`WorkerHandle`] |
//! | decide what follows from an error | [`Failure`], [`JobError`](trait@JobError); more in [`retry`] |
//! | inspect jobs, and retry, change or remove them | [`Queue::jobs`], [`Queue::job`], [`JobInfo`] |
//! | pause, limit, drain and clean queues | [`Queue`]; more in [`manage`] |
//! | send back what failed for good | [`Client::dead_letters`]; more in [`dead_letter`] |
//! | monitor | [`Queue::stats`], [`stats`]; [`Queue::events`], [`event`]; [`telemetry`], [`trace`] |
//! | call a handler and wait for its reply | [`Client::call`]; more in [`call`] |
//! | publish to many queues | [`Client::publish`], [`Client::topic`]; more in [`topic`] |
//! | tell every live worker process at once | [`#[broadcast]`](macro@broadcast), [`Client::broadcast`], [`WorkerBuilder::listener`] |
//! | fetch jobs in a loop of your own | [`Queue::receive`]; more in [`receive`] |
//! | let an effect happen once | [`Context::once`], `#[job(idempotent)]`; more in [`once`] |
//! | change payloads | [`Payload`](trait@Payload); more in [`payload`] |
//! | handle errors | [`Error`], by what a caller can do; more in [`error`] |
//! | test handlers | `testing`, with the feature of that name |
//! | choose how often a job runs when something goes wrong | [`docs::delivery`] |
//! | find the patterns of other message queues | [`docs::patterns`] |
//!
//! # Features
//!
//! - `tls` (default): `rediss://` URLs, with rustls.
//! - `metrics`: counters, gauges and histograms from inside the workers, through the facade of that name;
//!   [`Worker`] lists them.
//! - `testing`: contexts for tests of handlers without Redis.
//!
//! # Values as JSON
//!
//! Values that people look at are [`Serialize`](serde::Serialize): [`JobInfo`], [`QueueStats`](stats::QueueStats),
//! [`Event`](event::Event), [`WorkerEvent`](telemetry::WorkerEvent), [`DeadLetter`](dead_letter::DeadLetter),
//! [`TopicStats`](topic::TopicStats) and their parts. Fields keep their names; names of variants are in `snake_case`;
//! times are RFC 3339; durations are numbers of milliseconds, with `_ms` at the end of the field's name.
//!
//! # Types of other crates
//!
//! [`types`] re-exports those that the API has, and says where. Their major versions are part of its promise.
//!
//! Idempotency in a database's transaction, a transactional outbox and payloads that change are in
//! [`docs::recipes`]. The repository's `ARCHITECTURE.md` says how the library works.

mod client;
mod error_chain;
#[cfg(test)]
mod error_texts;
mod group_commit;
mod job;
mod json;
mod outbox;
mod policy;
mod producer;
mod queue;
mod session;
mod settle;
mod store;
mod value_error;
mod waiters;
mod worker;

pub mod broadcast;
pub mod call;
pub mod error;
pub mod event;
pub mod receive;
pub mod stats;
#[cfg(feature = "testing")]
pub mod testing;
pub mod topic;

pub use jobqueue_macros::{JobError, Payload, broadcast, job};

pub use client::{Client, ClientBuilder};
pub use error::kind::{Error, Result};
pub use job::{
    Codec, Failure, JobError, JobId, JobInfo, JobName, JobState, Outcome, Payload, Priority,
    QueueName,
};
pub use policy::{Backoff, DurationExt, Rate, Retain};
pub use producer::{Add, AddAll, AddAllError};
pub use queue::{JobHandle, Queue};
pub use store::{Durability, TlsOptions};
pub use worker::{Context, State, Worker, WorkerBuilder, WorkerHandle};

#[doc = include_str!("docs/modules/dead_letter.md")]
pub mod dead_letter {
    pub use crate::{
        job::DeadLetter,
        queue::{DeadLetters, Edit, LengthAlerts, Redrive},
    };
}

#[doc = include_str!("docs/modules/handler.md")]
pub mod handler {
    pub use crate::{
        job::{Declaration, Definition, HandlerFuture, IntoBroadcast, IntoJob, Job},
        worker::{FromContext, Handler, Listener, MissingState, States},
    };
}

#[doc = include_str!("docs/modules/manage.md")]
pub mod manage {
    pub use crate::{
        policy::Overflow,
        queue::{Drain, JobPages, Obliterate, SetLimits},
    };
}

#[doc = include_str!("docs/modules/once.md")]
pub mod once {
    pub use crate::{
        job::OnceHeld,
        worker::{Once, OnceError},
    };
}

#[doc = include_str!("docs/modules/payload.md")]
pub mod payload {
    pub use crate::job::{Extra, JobOptions, Origin, PayloadVersions, Record};
}

#[doc = include_str!("docs/modules/retry.md")]
pub mod retry {
    pub use crate::policy::{Breaker, ErrorClass, RetryPolicy, RetryRule, Verdict, retry_after};
}

#[doc = include_str!("docs/modules/telemetry.md")]
pub mod telemetry {
    pub use crate::worker::{Alert, DeadLettered, WorkerEvent, WorkerEvents};
}

#[doc = include_str!("docs/modules/trace.md")]
pub mod trace {
    pub use crate::job::{SpanId, TraceContext, TraceId};
}

#[doc = include_str!("docs/modules/types.md")]
pub mod types {
    pub use bytes::Bytes;
    pub use chrono::{DateTime, Utc};
    pub use futures_util::Stream;
    pub use serde_json::Value;
    pub use tokio_util::sync::CancellationToken;
    pub use tracing::Span;
}

/// For this repository's own tests and benches. Not part of the API, and all of it may change.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    pub use crate::store::hot::Batch;

    use crate::{JobId, store};

    /// One of the library's scripts, as it is sent to Redis.
    #[derive(Clone, Copy, Debug)]
    pub struct ScriptText {
        /// Its file under `lua/`, without the ending.
        pub name: &'static str,
        /// The entry with its helpers.
        pub source: &'static str,
    }

    /// Every script, for the tests of the scripts themselves.
    #[must_use]
    pub fn scripts() -> Vec<ScriptText> {
        let scripts = store::scripts().into_iter();
        scripts.map(|script| ScriptText { name: script.name, source: script.source }).collect()
    }

    /// The ids of jobs in an entry of a queue's stream of events.
    #[must_use]
    pub fn event_ids(text: &str) -> Vec<JobId> {
        store::read_ids(text)
    }
}

/// The README's examples are compiled like all others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Guides: recipes, guarantees of delivery, and patterns of other message queues.
pub mod docs {
    #[doc = include_str!("docs/recipes.md")]
    pub mod recipes {}

    #[doc = include_str!("docs/delivery.md")]
    pub mod delivery {}

    #[doc = include_str!("docs/patterns.md")]
    pub mod patterns {}
}

/// For code that the macros write. Not part of the API, and all of it may change.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    pub use crate::{
        job::{
            BoxFuture, Broadcast, BroadcastDefinition, Codec, DEFAULT_HOLD, Declaration,
            Definition, Failure, HandlerFuture, Job, JobError, Payload, PayloadVersions,
            Unversioned, Versioned, checked, declared, step,
        },
        policy::{Backoff, Breaker, ErrorClass, Rate, Retain, RetryPolicy, Verdict},
        value_error::PayloadError,
        worker::{
            Context, FromContext, Handler, IsResult, Listener, MissingState, NoResult, Probe,
            Return, Returns, ReturnsPlain, State, States, ViaJobError, ViaNoError, ViaStdError,
            classify, once, run_blocking,
        },
    };
}

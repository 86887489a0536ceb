#![cfg_attr(docsrs, feature(doc_cfg))]

//! A job queue on Redis for Rust: typed handlers, background workers, and no job lost.
//!
//! ```no_run
//! use jobqueue::{Client, Worker, job};
//!
//! #[job(queue = "mails", attempts = 5, timeout = "30s")]
//! async fn welcome(user: u64) -> Result<(), std::io::Error> {
//!     println!("welcome, user {user}");
//!     Ok(())
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("redis://127.0.0.1").await?;
//! let job = client.add(welcome, 42).await?; // in any process
//! Worker::builder(&client).handler(welcome).run().await?; // in another one, until SIGTERM
//! job.result().await?; // the type that the handler returns
//! # Ok(())
//! # }
//! ```
//!
//! # The guide
//!
//! Start with [getting started](docs::getting_started). By subject, with the items to use:
//!
//! - **Declare what runs**: [handlers](docs::handlers); [`#[job]`](macro@job), [`Context`],
//!   [`State`], [`handler`].
//! - **Add jobs and wait for results**: [adding](docs::adding); [`Client::add`],
//!   [`Client::add_all`], [`Client::add_each`], [`Queue::add`], [`JobHandle`].
//! - **Call a handler and wait for its reply**: [calls](docs::adding#calls); [`Client::call`],
//!   [`call`].
//! - **Say what follows from an error**: [retries](docs::retries); [`JobError`](trait@JobError),
//!   [`Failure`], [`retry`].
//! - **Look at jobs that failed for good, and send them back**: [dead
//!   letters](docs::operating#dead-letters); [`dead_letter`].
//! - **Run several jobs at once**: [batches](docs::batches); [`handler::BatchContext`],
//!   [`handler::BatchHandler`].
//! - **Share a queue fairly among tenants**: [groups](docs::groups); [`Add::group`], [`Queue::groups`].
//! - **Limit how many jobs of a user run at once**: [keys](docs::concurrency_keys); [`Add::concurrency_key`].
//! - **Limit rates, active jobs and lengths**: [limits](docs::limits); [`Queue::set_limits`],
//!   [`Rate`].
//! - **Add jobs again and again**: [schedules](docs::schedules); [`Client::schedule`],
//!   [`Queue::schedules`], [`schedule`].
//! - **Cancel jobs, also those that run**: [cancelling](docs::cancelling); [`JobHandle::cancel`],
//!   [`Queue::cancel_all`].
//! - **Look for jobs, and change all that are meant**: [finding](docs::finding); [`Queue::find`],
//!   [`Queue::cancel_where`], [`find`].
//! - **Let jobs wait for jobs**: [flows](docs::flows); [`Flow`], [`Client::start`],
//!   [`FlowHandle`], [`flow`].
//! - **Record what the parts of a long job have come to, sleep, wait for signals**:
//!   [steps](docs::steps); [`Context::step`], [`Context::sleep`], [`Context::wait_for`],
//!   [`JobHandle::signal`], [`steps`].
//! - **Send one message to many queues**: [topics](docs::topics); [`Client::publish`], [`topic`].
//! - **Send to every live worker process**: [delivery](docs::delivery#broadcasts);
//!   [`#[broadcast]`](macro@broadcast), [`Client::broadcast`].
//! - **Do without a server**: [embedded](docs::embedded); [`Client::builder`].
//! - **Run jobs**: [deploying](docs::deploying); [`Worker`], [`WorkerHandle`].
//! - **Fetch jobs in a loop of your own**: [patterns](docs::patterns#consumers);
//!   [`Queue::receive`], [`receive`].
//! - **Test handlers**: [testing](docs::testing); `testing`, with the feature of that name.
//! - **Inspect, retry, change and remove jobs**: [operating](docs::operating); [`Queue::jobs`],
//!   [`Queue::job`], [`JobInfo`], [`manage`].
//! - **Find out why jobs wait**: [waiting](docs::waiting); [`Queue::stats`], [`JobHandle::info`].
//! - **Watch and steer queues**: [operating](docs::operating); [`Queue`], [`stats`],
//!   [`Queue::history`], [`event`], [`telemetry`], [`trace`].
//! - **Do all of this from a terminal**: [the command line](docs::command_line).
//! - **Let an effect happen once**: [delivery](docs::delivery), [recipes](docs::recipes);
//!   [`Context::once`], [`once`].
//! - **Change what jobs carry**: [recipes](docs::recipes#payloads-that-change);
//!   [`Payload`](trait@Payload), [`payload`].
//! - **Handle errors of calls**: [errors of an add](docs::adding#errors-of-an-add); [`Error`],
//!   [`error`].
//! - **Come from another queue**: [migrating](docs::migrating), [patterns](docs::patterns).
//!
//! # Features
//!
//! - `tls` (default): `rediss://` URLs, with rustls.
//! - `metrics`: counters, gauges and histograms from inside the workers, through the facade of that
//!   name; [`Worker`] lists them.
//! - `schedules`: [schedules by cron patterns](docs::schedules#patterns), in time zones.
//! - `testing`: [tests of handlers and of whole systems](docs::testing), without Redis and in a time
//!   of their own; with `embedded`.
//! - `embedded`: [`embedded:` URLs](docs::embedded), a server in the process, in memory or in a
//!   folder. It compiles Lua, with a C compiler.
//!
//! # Values as JSON
//!
//! Values that people look at are [`Serialize`](serde::Serialize): [`JobInfo`],
//! [`QueueStats`](stats::QueueStats), [`Event`](event::Event),
//! [`WorkerEvent`](telemetry::WorkerEvent), [`DeadLetter`](dead_letter::DeadLetter),
//! [`TopicStats`](topic::TopicStats) and their parts. Fields keep their names; names of variants
//! are in `snake_case`; times are RFC 3339; durations are numbers of milliseconds, with `_ms` at
//! the end of the field's name.
//!
//! # Types of other crates
//!
//! [`types`] re-exports those that the API has, and says where. Their major versions are part of
//! its promise.
//!
//! Idempotency in a database's transaction, a transactional outbox and payloads that change are in
//! [`docs::recipes`]. The repository's `ARCHITECTURE.md` says how the library works.

mod client;
mod clock;
mod error_chain;
mod group_commit;
mod hashing;
mod job;
mod json;
mod outbox;
mod policy;
mod producer;
mod queue;
mod session;
mod settle;
mod store;
mod task;
mod value_error;
mod waiters;
mod worker;

pub mod broadcast;
pub mod call;
pub mod error;
pub mod event;
pub mod flow;
pub mod receive;
pub mod schedule;
pub mod stats;
#[cfg(feature = "testing")]
pub mod testing;
pub mod topic;

#[cfg(feature = "testing")]
pub use jobqueue_macros::test;
pub use jobqueue_macros::{JobError, Payload, broadcast, job};

pub use client::{Client, ClientBuilder};
pub use error::kind::{Error, Result};
pub use flow::{build::Flow, handle::FlowHandle};
pub use job::{
    Codec, Failure, JobError, JobId, JobInfo, JobName, JobState, Outcome, Payload, Priority,
    QueueName, Unique,
};
pub use policy::{Backoff, DurationExt, Rate, Retain};
pub use producer::{Add, AddAll, AddAllError};
pub use queue::{JobHandle, Queue};
pub use store::{Durability, TlsOptions};
pub use worker::{Context, State, Worker, WorkerBuilder, WorkerHandle};

#[doc = include_str!("docs/modules/audit.md")]
pub mod audit {
    pub use crate::client::{Actor, AuditAnswer, AuditEntry, AuditLog, AuditStream};
}

#[doc = include_str!("docs/modules/dead_letter.md")]
pub mod dead_letter {
    pub use crate::{
        job::DeadLetter,
        queue::{DeadLetters, Edit, LengthAlerts, Redrive},
    };
}

#[doc = include_str!("docs/modules/find.md")]
pub mod find {
    pub use crate::{
        job::{FilterError, FilterField, JobFilter},
        queue::{
            Bulk, BulkReport, CancelJobs, Find, FoundJob, Looked, MoveJobs, RedriveJobs,
            RemoveJobs, RetryJobs, Search, SearchCursor, SearchPage,
        },
    };
}

#[doc = include_str!("docs/modules/handler.md")]
pub mod handler {
    pub use crate::{
        job::{Declaration, Definition, HandlerFuture, IntoBroadcast, IntoJob, Job},
        policy::Batching,
        worker::{
            BatchContext, BatchHandler, FromBatch, FromContext, Handler, Listener, MissingState,
            States,
        },
    };
}

#[doc = include_str!("docs/modules/manage.md")]
pub mod manage {
    pub use crate::{
        job::{CancelReason, Cancelled, LastRun, ProcessInfo, WorkerState},
        policy::{AfterFailure, GroupLimits, Overflow},
        queue::{
            Cancel, CancelAll, Drain, EditJob, GroupInfo, Groups, HandlerThrottle, HeldGroup,
            JobPages, KeyThrottle, Obliterate, QueueEntry, QueuePage, Queues, ReadHistory, Rescan,
            Retry, SetLimits, SetLimitsOfGroup, Throttles, WhyHeld, WorkerInfo,
        },
    };
}

#[doc = include_str!("docs/modules/once.md")]
pub mod once {
    pub use crate::{
        job::OnceHeld,
        worker::{Once, OnceError, TakesOnceError},
    };
}

#[doc = include_str!("docs/modules/payload.md")]
pub mod payload {
    pub use crate::job::{
        Deadline, Extra, InexactJson, JobOptions, Origin, PayloadVersions, Record, exact_json,
    };
}

#[doc = include_str!("docs/modules/retry.md")]
pub mod retry {
    pub use crate::policy::{Breaker, ErrorClass, RetryPolicy, RetryRule, Verdict, retry_after};
}

#[doc = include_str!("docs/modules/steps.md")]
pub mod steps {
    pub use crate::{
        queue::{JobStep, JobSteps, Signalled, StepsWait},
        worker::{
            ByVersion, Children, Each, EachItem, OptionalWait, Plain, ResultsOf, SettledStep,
            Sleep, Step, StepError, TakesStepError, WaitFor,
        },
    };
}

#[doc = include_str!("docs/modules/telemetry.md")]
pub mod telemetry {
    pub use crate::worker::{
        Alert, DeadLettered, HealthProblem, QueueHealth, WorkerEvent, WorkerEvents, WorkerHealth,
        WorkerPhase,
    };
}

#[doc = include_str!("docs/modules/trace.md")]
pub mod trace {
    pub use crate::job::{SpanId, TraceContext, TraceId};
}

#[doc = include_str!("docs/modules/types.md")]
pub mod types {
    pub use bytes::Bytes;
    pub use chrono::{DateTime, Utc};
    #[cfg(feature = "schedules")]
    pub use chrono_tz::Tz;
    pub use futures_util::Stream;
    pub use serde_json::Value;
    pub use tokio_util::sync::CancellationToken;
    pub use tracing::Span;
}

#[doc = include_str!("docs/modules/unique.md")]
pub mod unique {
    pub use crate::{
        job::OnDuplicate,
        queue::{Added, UniqueKey},
    };
}

/// For this repository's own tests and benches. Not part of the API, and all of it may change.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    pub use crate::store::hot::Batch;
    #[cfg(feature = "testing")]
    pub use crate::testing::simulation;

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

pub mod docs {
    //! The user's guide. Each page has a sentence, an example, and the details.
    //!
    //! | page | about |
    //! | --- | --- |
    //! | [`getting_started`] | a queue, a worker and a producer in one program |
    //! | [`handlers`] | functions that run jobs, and all arguments of `#[job]` |
    //! | [`adding`] | options, many jobs, unique jobs, results, calls |
    //! | [`retries`] | what follows from an error; dead letters, alerts, circuit breakers |
    //! | [`batches`] | several jobs in one run, each with its own end |
    //! | [`groups`] | fair turns among tenants, users, customers |
    //! | [`concurrency_keys`] | so many jobs of a user, an account, a shop at once |
    //! | [`limits`] | rates, active jobs, length, priorities, time to live |
    //! | [`schedules`] | jobs that come again and again |
    //! | [`cancelling`] | ending jobs wherever they are |
    //! | [`finding`] | looking for jobs by what they carry; cancelling, retrying, removing, moving all of them |
    //! | [`flows`] | jobs that wait for jobs: trees, graphs, batches |
    //! | [`steps`] | a job whose parts are recorded: steps, sleeps, signals |
    //! | [`topics`] | one message to many queues |
    //! | [`testing`] | handlers and whole systems without Redis, in a time of their own; failures on purpose |
    //! | [`operating`] | what to watch, steering queues and jobs, the log |
    //! | [`dashboard`] | queues and jobs in the browser: pages, roles, what is hidden |
    //! | [`command_line`] | the program `jobqueue`: looking, steering, one screen for all queues |
    //! | [`waiting`] | why do jobs wait? A list of reasons, and what tells each |
    //! | [`embedded`] | without a server: in memory, or in a folder that processes share |
    //! | [`deploying`] | settings and rights of Redis, processes, shutdown |
    //! | [`migrating`] | from BullMQ, Sidekiq and apalis |
    //! | [`delivery`] | how often a job runs when something goes wrong |
    //! | [`patterns`] | the patterns of RabbitMQ, BullMQ, SQS and SNS |
    //! | [`recipes`] | effects in a database, outboxes, payloads that change |

    #[doc = include_str!("docs/getting_started.md")]
    pub mod getting_started {}

    #[doc = include_str!("docs/handlers.md")]
    pub mod handlers {}

    #[doc = include_str!("docs/adding.md")]
    pub mod adding {}

    #[doc = include_str!("docs/retries.md")]
    pub mod retries {}

    #[doc = include_str!("docs/batches.md")]
    pub mod batches {}

    #[doc = include_str!("docs/groups.md")]
    pub mod groups {}

    #[doc = include_str!("docs/concurrency_keys.md")]
    pub mod concurrency_keys {}

    #[doc = include_str!("docs/limits.md")]
    pub mod limits {}

    #[doc = include_str!("docs/schedules.md")]
    pub mod schedules {}

    #[doc = include_str!("docs/cancelling.md")]
    pub mod cancelling {}

    #[doc = include_str!("docs/finding.md")]
    pub mod finding {}

    #[doc = include_str!("docs/flows.md")]
    pub mod flows {}

    #[doc = include_str!("docs/steps.md")]
    pub mod steps {}

    #[doc = include_str!("docs/topics.md")]
    pub mod topics {}

    #[doc = include_str!("docs/testing.md")]
    pub mod testing {}

    #[doc = include_str!("docs/operating.md")]
    pub mod operating {}

    #[doc = include_str!("docs/dashboard.md")]
    pub mod dashboard {}

    #[doc = include_str!("docs/command_line.md")]
    pub mod command_line {}

    #[doc = include_str!("docs/waiting.md")]
    pub mod waiting {}

    #[doc = include_str!("docs/embedded.md")]
    pub mod embedded {}

    #[doc = include_str!("docs/deploying.md")]
    pub mod deploying {}

    #[doc = include_str!("docs/migrating.md")]
    pub mod migrating {}

    #[doc = include_str!("docs/delivery.md")]
    pub mod delivery {}

    #[doc = include_str!("docs/patterns.md")]
    pub mod patterns {}

    #[doc = include_str!("docs/recipes.md")]
    pub mod recipes {}
}

/// For code that the macros write. Not part of the API, and all of it may change.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    #[cfg(feature = "testing")]
    pub use crate::testing::run as run_test;
    pub use crate::{
        job::{
            Anything, BoxFuture, Broadcast, BroadcastDefinition, ByBox, ByJobError, ByNothing,
            BySources, Codec, DEFAULT_HOLD, DEFAULT_SNOOZE, Declaration, DeclaredSchedule,
            Definition, Exactly, Failure, HandlerFuture, HasInputs, Inner, Job, JobError, Payload,
            PayloadVersions, Unique, Unversioned, Versioned, add_concurrency_key, checked,
            declared, group_name, step, unique_key,
        },
        policy::schedule::{CatchUp, Overlap},
        policy::{Backoff, Batching, Breaker, ErrorClass, Rate, Retain, RetryPolicy, Verdict},
        value_error::PayloadError,
        worker::{
            BatchContext, BatchHandler, Context, FromBatch, FromContext, Handler, IsResult,
            Listener, MissingState, NoResult, Probe, Return, Returns, ReturnsPlain, State, States,
            ViaJobError, ViaNoError, ViaStdError, all_well, classify, judged, once, run_blocking,
        },
    };
}

#[cfg(test)]
mod error_texts;

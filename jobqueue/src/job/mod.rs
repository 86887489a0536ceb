//! Floor 1: what a job is. Pure values, which know neither Redis nor the runtime.

mod broadcast;
pub mod checked;
mod codec;
mod declared;
mod definition;
mod extra;
mod failure;
mod handler_future;
mod id;
mod inbox;
mod info;
mod into_job;
mod letter;
mod name;
mod options;
mod outcome;
mod payload;
mod priority;
mod record;
mod state;
mod trace;
mod under_way;
mod value;
mod wire;

pub(crate) use broadcast::Message;
pub use broadcast::{Broadcast, Channel};
pub use codec::Codec;
pub use declared::declared;
pub use definition::{Definition, Job};
pub(crate) use definition::{Delivery, RunRules};
pub use extra::Extra;
pub use failure::{DEFAULT_HOLD, Failure, JobError};
pub use handler_future::{BoxFuture, Declaration, HandlerFuture};
pub use id::JobId;
pub(crate) use id::WorkerId;
pub(crate) use inbox::Inbox;
pub use info::{JobInfo, QueueCounts};
pub use into_job::{IntoBroadcast, IntoJob};
pub use letter::DeadLetter;
pub use name::{JobName, QueueName};
pub use options::{JobOptions, Origin};
pub use outcome::{FailureReason, JobFailure, Outcome};
pub(crate) use payload::FIRST_VERSION;
pub use payload::{Payload, PayloadVersions, Unversioned, Versioned, step};
pub use priority::Priority;
pub use record::Record;
pub use state::JobState;
pub use trace::{SpanId, TraceContext, TraceId};
pub use under_way::UnderWay;

#[cfg(test)]
pub(crate) mod properties;

//! Floor 1: what a job is. Pure values, which know neither Redis nor the runtime.

mod codec;
mod definition;
mod failure;
mod id;
mod info;
mod letter;
mod name;
mod options;
mod outcome;
mod priority;
mod record;
mod state;
mod wire;

pub use codec::Codec;
pub(crate) use definition::RunRules;
pub use definition::{Definition, Job};
pub use failure::{DEFAULT_HOLD, Failure, JobError};
pub use id::JobId;
pub(crate) use id::WorkerId;
pub use info::{JobInfo, QueueCounts};
pub use letter::DeadLetter;
pub use name::{JobName, QueueName};
pub use options::{JobOptions, Origin};
pub use outcome::{FailureReason, JobFailure, Outcome};
pub use priority::Priority;
pub use record::Record;
pub use state::JobState;

#[cfg(test)]
pub(crate) mod properties;

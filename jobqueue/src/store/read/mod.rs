//! What is read without a script: events, replies, outboxes, topics and the past of a job.

pub(crate) mod events;
mod inbox;
mod job;
mod outbox;
mod topic;

pub(crate) use events::{Entry, StreamPosition};
pub(crate) use outbox::Edge;
pub(crate) use topic::Kept;

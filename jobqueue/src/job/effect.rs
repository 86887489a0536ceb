//! What follows from a job in other queues.

use super::{id::JobId, name::QueueName, priority::Priority, reply_address::ReplyAddress};
use crate::value_error::Invalid;

/// Where an effect goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// Into another queue, as a job.
    Queue(QueueName),
    /// To a caller, as the reply to its request.
    ReplyAddress(ReplyAddress),
}

impl Target {
    /// As it stands in an outbox.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        match ReplyAddress::parse(text) {
            Some(inbox) => inbox.map(Self::ReplyAddress),
            None => text.parse().map(Self::Queue),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Queue(queue) => queue.fmt(f),
            Self::ReplyAddress(inbox) => inbox.fmt(f),
        }
    }
}

/// What follows from a job elsewhere, as it goes into an outbox.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) to: Target,
    /// Of the job that is put in there, or of the one that is replied to.
    pub(crate) id: JobId,
    pub(crate) priority: Priority,
    /// The job's record, or how it ended.
    pub(crate) record: Vec<u8>,
}

impl Effect {
    /// About how many bytes it takes on the way.
    pub(crate) fn size(&self) -> usize {
        self.record.len() + 128
    }
}

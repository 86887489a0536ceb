//! What follows from a job in other queues.

use super::{
    arrival::Arrival, id::JobId, name::QueueName, priority::Priority, reply_address::ReplyAddress,
};
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
    pub(crate) along: Along,
}

/// What an effect takes along besides its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Along {
    Nothing,
    /// A job that comes back to its queue, and takes its place there again.
    Arrival(Arrival),
    /// A dead letter, for which the script adds what the queue knows of its job when that ends.
    History {
        /// The job.
        of: JobId,
        /// Whether the newest of its errors is the one that ended it, and isn't told twice.
        ended_by_newest: bool,
        /// Whether its runs may have recorded steps.
        has_steps: bool,
    },
}

impl Effect {
    /// About how many bytes it takes on the way.
    pub(crate) fn size(&self) -> usize {
        let along = match &self.along {
            Along::Arrival(Arrival { steps: Some(steps), .. }) => steps.len(),
            _ => 0,
        };
        self.record.len() + along + 160
    }
}

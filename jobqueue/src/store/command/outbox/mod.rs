//! Scripts that carry effects from one queue to others.

mod apply;
mod introduce;
mod reply;
mod send;
mod take;

pub(crate) use apply::{Apply, Copy};
pub(crate) use introduce::Introduce;
pub(crate) use reply::Reply;
pub(crate) use send::Send;
pub(crate) use take::{Head, Parcel, Take};

use super::Args;
#[cfg(feature = "testing")]
use super::{Command, Script};
use crate::{
    flaw::Invalid,
    job::{Inbox, JobId, Priority, QueueName},
};

/// Where an effect goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// Into another queue, as a job.
    Queue(QueueName),
    /// To a caller, as the reply to its request.
    Inbox(Inbox),
}

impl Target {
    /// As it stands in an outbox.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        match Inbox::parse(text) {
            Some(inbox) => inbox.map(Self::Inbox),
            None => text.parse().map(Self::Queue),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Queue(queue) => queue.fmt(f),
            Self::Inbox(inbox) => inbox.fmt(f),
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

    /// As `lua/lib/outbox.lua` reads it.
    pub(super) fn write(&self, args: &mut Args<'_>) {
        args.push(self.to.to_string()).push(self.id.as_str());
        args.push(self.priority.get()).push(self.record.as_slice());
    }
}

#[cfg(feature = "testing")]
pub(super) fn scripts() -> [&'static Script; 5] {
    [Apply::SCRIPT, Introduce::SCRIPT, Reply::SCRIPT, Send::SCRIPT, Take::SCRIPT]
}

//! The kinds of calls that a test can have fail.

use super::{
    command::{Command, job, once, topic, worker},
    script::Script,
};

/// A kind of call to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisCall {
    /// Adds of jobs.
    Add,
    /// Publishes to topics.
    Publish,
    /// A worker's turn: it settles runs that have ended, and fetches jobs.
    Turn,
    /// Progress of a run.
    Progress,
    /// A line of a run's log.
    Log,
    /// Steps of an effect that happens once: [`Context::once`](crate::Context::once).
    Once,
}

impl RedisCall {
    pub(crate) fn scripts(self) -> &'static [&'static Script] {
        match self {
            Self::Add => &[job::Add::SCRIPT],
            Self::Publish => &[topic::Publish::SCRIPT],
            Self::Turn => &[worker::Advance::SCRIPT],
            Self::Progress => &[job::Progress::SCRIPT],
            Self::Log => &[job::Log::SCRIPT],
            Self::Once => &[once::Begin::SCRIPT, once::Finish::SCRIPT, once::Release::SCRIPT],
        }
    }
}

//! What a queue allows.

use std::time::Duration;

use crate::{job::QueueName, policy::Overflow};

/// What a queue allows now.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct QueueLimits {
    /// The time between two starts, and how many may start at once after a pause.
    pub rate: Option<(Duration, u32)>,
    /// How many jobs may be active at once, over all workers.
    pub max_active: Option<u64>,
    /// How many jobs may wait or be delayed before adds are refused.
    pub max_length: Option<u64>,
    /// The head start that one step of priority is worth; without it priorities are strict.
    pub aging: Option<Duration>,
    /// How many entries of events are kept, if that was set; 0 for none.
    pub events: Option<u64>,
    /// How long a job may wait that doesn't say so itself, before it expires.
    pub ttl: Option<Duration>,
    /// Where jobs go that fail for good, unless their handler or their worker says so.
    pub dead_letter: Option<QueueName>,
    /// What becomes of jobs beyond `max_length`.
    pub overflow: Overflow,
}

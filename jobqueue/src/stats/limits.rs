//! The limits of a queue.

use std::time::Duration;

use serde::Serialize;

use crate::{
    job::QueueName,
    policy::{Overflow, Rate},
};

/// The limits of a queue at one moment; `None` where there is none. See
/// [`Queue::set_limits`](crate::Queue::set_limits).
///
/// Serialized: its fields, with `aging_ms` and `ttl_ms` in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QueueLimits {
    /// How many jobs start per time, over all workers. It may be said in other units than it was
    /// set in: 60 per minute are 1 per second.
    pub rate: Option<Rate>,
    /// How many jobs may be active at once, over all workers.
    pub max_active: Option<u64>,
    /// How many jobs may wait or be delayed before adds are refused.
    pub max_length: Option<u64>,
    /// The head start that one step of priority is worth; without it priorities are strict.
    #[serde(rename = "aging_ms", serialize_with = "crate::json::maybe_millis")]
    pub aging: Option<Duration>,
    /// How many entries of the event stream are kept, if that was set; 0 for none.
    pub events: Option<u64>,
    /// How long a job may wait before it expires, if the job itself has no time to live.
    #[serde(rename = "ttl_ms", serialize_with = "crate::json::maybe_millis")]
    pub ttl: Option<Duration>,
    /// The dead-letter queue of jobs whose handler and worker name none.
    pub dead_letter: Option<QueueName>,
    /// What happens to jobs beyond `max_length`.
    pub overflow: Overflow,
}

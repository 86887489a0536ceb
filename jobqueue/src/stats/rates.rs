//! How fast a queue moves.

use std::time::Duration;

use serde::Serialize;

/// How many jobs a second, between two snapshots of a queue.
///
/// Serialized: `{"over_ms": 10000, "added": 12.5, "completed": 12.4, "failed": 0.1, "retried":
/// 0.3}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rates {
    /// The time between the two, by the server's clock.
    #[serde(rename = "over_ms", serialize_with = "crate::json::millis")]
    pub over: Duration,
    /// Jobs added.
    pub added: f64,
    /// Jobs completed.
    pub completed: f64,
    /// Jobs failed for good.
    pub failed: f64,
    /// Failed attempts of jobs that run again.
    pub retried: f64,
}

/// Per second; 0 where no time has passed, and where a total has shrunk: then the queue was
/// obliterated.
pub(super) fn per_second(earlier: u64, later: u64, over: Duration) -> f64 {
    let seconds = over.as_secs_f64();
    if seconds > 0.0 { later.saturating_sub(earlier) as f64 / seconds } else { 0.0 }
}

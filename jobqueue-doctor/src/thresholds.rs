//! From where on something is wrong.

use std::time::Duration;

/// From where on something is wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// How long jobs may wait without a worker: 30 s.
    pub unserved: Duration,
    /// How long the oldest waiting job of a paused queue may be ready: two days.
    pub paused: Duration,
    /// How long an effect may be on its way to another queue: a minute.
    pub effect: Duration,
    /// How late a schedule may be: a minute.
    pub late: Duration,
    /// How far a clock may be off: a second.
    pub clock: Duration,
    /// How long ago a slow call still counts: an hour.
    pub slow_call: Duration,
    /// How full a server may be, as a share of what it may use: 0.85.
    pub full: f64,
    /// How much memory a server may have for what it uses: 1.5 times as much.
    pub fragmentation: f64,
    /// From how many bytes on fragmentation counts: 256 MiB.
    pub fragmented_from: u64,
    /// How large a key may be: 1 GiB.
    pub big_key: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            unserved: Duration::from_secs(30),
            paused: Duration::from_secs(2 * 86_400),
            effect: Duration::from_secs(60),
            late: Duration::from_secs(60),
            clock: Duration::from_secs(1),
            slow_call: Duration::from_secs(3_600),
            full: 0.85,
            fragmentation: 1.5,
            fragmented_from: 256 << 20,
            big_key: 1 << 30,
        }
    }
}

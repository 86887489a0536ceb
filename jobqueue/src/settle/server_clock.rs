//! The server's clock, by which times of jobs are reckoned.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::job::Record;

/// The server's clock as of the last turn, beside this process's steady one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerClock {
    ms: u64,
    at: Instant,
}

impl ServerClock {
    pub(crate) fn new(ms: u64) -> Self {
        Self { ms, at: Instant::now() }
    }

    /// When a job was first ready, by this process's clock: when it was due, or else added. It lies
    /// in the future if its producer's clock is ahead of the server's.
    pub(crate) fn ready_at(&self, record: &Record) -> Option<Instant> {
        self.instant(record.options.due_at.unwrap_or(record.created_at))
    }

    /// A time of the server's by this process's clock; none if that can't express it.
    pub(super) fn instant(&self, time: DateTime<Utc>) -> Option<Instant> {
        let ms = u64::try_from(time.timestamp_millis()).unwrap_or(0);
        let between = Duration::from_millis(self.ms.abs_diff(ms));
        if ms < self.ms { self.at.checked_sub(between) } else { self.at.checked_add(between) }
    }

    /// The same of a time that ends something: one that lies before all that this process's clock
    /// can express has passed.
    pub(super) fn end(&self, time: DateTime<Utc>) -> Option<Instant> {
        let passed = u64::try_from(time.timestamp_millis()).unwrap_or(0) < self.ms;
        self.instant(time).or_else(|| passed.then_some(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(created: i64, due: Option<i64>) -> Record {
        let time = |ms| DateTime::from_timestamp_millis(ms).expect("in range");
        let mut record = Record {
            name: "x".parse().expect("a good name"),
            codec: crate::job::Codec::Json,
            payload: bytes::Bytes::new(),
            created_at: time(created),
            options: crate::job::JobOptions::default(),
        };
        record.options.due_at = due.map(time);
        record
    }

    #[test]
    fn a_wait_begins_when_the_job_was_ready() {
        let clock = ServerClock::new(100_000);
        let waited = |created, due| {
            let ready = clock.ready_at(&record(created, due)).expect("in range");
            (clock.at + Duration::from_secs(1)).saturating_duration_since(ready).as_millis()
        };
        assert_eq!(waited(99_000, None), 2_000);
        assert_eq!(waited(10_000, Some(99_500)), 1_500);
        assert_eq!(waited(100_400, None), 600);
        assert_eq!(waited(102_000, None), 0, "the producer's clock is ahead");
    }
}

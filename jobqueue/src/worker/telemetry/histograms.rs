//! What a pump has observed of its runs, told to the queue every few seconds: a plain count a run, and no call
//! for it.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::{
    error_chain::chain,
    job::Record,
    store::{
        QueueStore,
        worker::{Observe, Observed},
    },
    worker::pump::{MAX_SLEEP, Pump},
};

/// How long a run was waited for, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// From when its job was ready to its start; none unless it was the job's first attempt.
    pub(crate) waited: Option<Duration>,
    pub(crate) took: Duration,
}

/// What was observed since it was last told.
#[derive(Debug, Default)]
pub(crate) struct PendingStats {
    observed: Box<Observed>,
    /// Whether there is anything to tell.
    news: bool,
    told: Option<Instant>,
}

impl PendingStats {
    /// A run has ended, and perhaps its job will be tried again.
    pub(crate) fn ended(&mut self, times: Times, retried: bool) {
        self.news = true;
        self.observed.run.observe(times.took);
        if let Some(waited) = times.waited {
            self.observed.wait.observe(waited);
        }
        self.observed.retried += u64::from(retried);
    }

    /// What is to be told now, if it is time. Idle pumps look as often, so news is never much older.
    fn due(&mut self) -> Option<Box<Observed>> {
        if !self.news || self.told.is_some_and(|told| told.elapsed() < MAX_SLEEP) {
            return None;
        }
        self.rest()
    }

    /// What is left to be told.
    fn rest(&mut self) -> Option<Box<Observed>> {
        self.told = Some(Instant::now());
        std::mem::take(&mut self.news).then(|| std::mem::take(&mut self.observed))
    }
}

/// The server's clock as of the last turn, held against this process's steady one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerClock {
    ms: u64,
    at: Instant,
}

impl ServerClock {
    pub(crate) fn new(ms: u64) -> Self {
        Self { ms, at: Instant::now() }
    }

    /// When a job was first ready, by this process's clock: when it was due, or else added. In the future, if
    /// its producer's clock is ahead of the server's.
    pub(crate) fn ready_at(&self, record: &Record) -> Option<Instant> {
        let ready = record.options.due_at.unwrap_or(record.created_at);
        let ready = u64::try_from(ready.timestamp_millis()).unwrap_or(0);
        let between = Duration::from_millis(self.ms.abs_diff(ready));
        if ready < self.ms { self.at.checked_sub(between) } else { self.at.checked_add(between) }
    }
}

impl Pump {
    /// Tells what was observed, if it is time. What doesn't arrive is lost: it is not sent again, since it
    /// might be counted twice.
    pub(crate) fn tell(&mut self) {
        if let Some(observed) = self.tally.due() {
            tokio::spawn(tell(self.parts.store.clone(), observed));
        }
    }

    /// Tells the rest, at the end.
    pub(crate) async fn tell_rest(&mut self, limit: Duration) {
        if let Some(observed) = self.tally.rest() {
            let _ = timeout(limit, tell(self.parts.store.clone(), observed)).await;
        }
    }
}

async fn tell(store: QueueStore, observed: Box<Observed>) {
    if let Err(error) = store.call(&Observe { observed: &observed }).await {
        debug!(queue = %store.name(), error = %chain(&error), "some observations for the queue's histograms are lost");
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

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

    #[test]
    fn news_is_told_at_once_and_then_after_a_while() {
        let mut tally = PendingStats::default();
        assert!(tally.due().is_none());
        let times = Times { waited: None, took: Duration::from_millis(3) };
        tally.ended(times, true);
        let told = tally.due().expect("there is news");
        assert_eq!((told.run.count(), told.wait.count(), told.retried), (1, 0, 1));
        tally.ended(times, false);
        assert!(tally.due().is_none(), "too soon");
        assert_eq!(tally.rest().map(|rest| rest.run.count()), Some(1));
        assert!(tally.rest().is_none());
    }
}

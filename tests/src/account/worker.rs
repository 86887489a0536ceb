//! A worker process of an account.

use std::{str::FromStr, time::Duration};

use jobqueue::{Client, Result, Worker};

use super::{
    note::Book,
    task::{once, work},
};

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    /// How many jobs at once.
    pub slots: usize,
    /// How many more are fetched ahead.
    pub prefetch: usize,
    /// Its lease.
    pub lease: Duration,
    /// How long it drains.
    pub drain: Duration,
}

impl Default for Shift {
    fn default() -> Self {
        let (lease, drain) = (Duration::from_secs(1), Duration::from_secs(5));
        Self { slots: 8, prefetch: 0, lease, drain }
    }
}

impl Shift {
    pub(super) fn arguments(self) -> Vec<String> {
        let (lease, drain) = (self.lease.as_millis(), self.drain.as_millis());
        let (slots, prefetch) = (self.slots, self.prefetch);
        vec![slots.to_string(), prefetch.to_string(), lease.to_string(), drain.to_string()]
    }

    pub(super) fn parse(arguments: &[String]) -> Option<Self> {
        let [slots, prefetch, lease, drain] = arguments else { return None };
        Some(Self {
            slots: slots.parse().ok()?,
            prefetch: prefetch.parse().ok()?,
            lease: millis(lease)?,
            drain: millis(drain)?,
        })
    }

    /// Works until SIGTERM.
    pub(super) async fn work(self, client: Client, book: Book) -> Result<()> {
        Worker::builder(&client)
            .handler(work)
            .handler(once)
            .state(book)
            .concurrency(self.slots)
            .prefetch(self.prefetch)
            .lease(self.lease)
            .drain_timeout(self.drain)
            // Workers die on purpose here; that is no reason to give a job up.
            .max_stalls(1_000_000)
            .run()
            .await
    }
}

pub(super) fn millis(text: &str) -> Option<Duration> {
    u64::from_str(text).ok().map(Duration::from_millis)
}

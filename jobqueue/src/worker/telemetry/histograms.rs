//! Histograms of the queue: a pump counts its runs, and every few seconds one call adds the counts
//! to those in Redis. So a run costs no call.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::debug;

use super::times::Times;
use crate::{
    error_chain::chain,
    store::{
        QueueStore,
        worker::{Observe, Observed},
    },
    task::boxed,
    worker::config::MAX_SLEEP,
};

/// Counts that Redis has not been told yet.
#[derive(Debug, Default)]
pub(super) struct PendingStats {
    observed: Box<Observed>,
    /// Whether there is anything to tell.
    news: bool,
    told: Option<Instant>,
}

impl PendingStats {
    /// A run has ended; its job may be retried.
    pub(super) fn ended(&mut self, times: Times, retried: bool) {
        self.news = true;
        self.observed.run.observe(times.took);
        if let Some(waited) = times.waited {
            self.observed.wait.observe(waited);
        }
        self.observed.retried += u64::from(retried);
    }

    /// Tells Redis, if it is time. Counts of a call that fails are lost: to repeat it might count
    /// twice.
    pub(super) fn flush_if_due(&mut self, store: &QueueStore) {
        if let Some(observed) = self.take_due() {
            tokio::spawn(boxed(tell(store.clone(), observed)));
        }
    }

    /// Tells Redis the rest, at the end.
    pub(super) async fn flush(&mut self, store: &QueueStore, limit: Duration) {
        if let Some(observed) = self.take() {
            let _ = timeout(limit, tell(store.clone(), observed)).await;
        }
    }

    /// The counts, if it is time. Idle pumps wake as often, so counts never wait much longer.
    fn take_due(&mut self) -> Option<Box<Observed>> {
        if !self.news || self.told.is_some_and(|told| told.elapsed() < MAX_SLEEP) {
            return None;
        }
        self.take()
    }

    fn take(&mut self) -> Option<Box<Observed>> {
        self.told = Some(Instant::now());
        std::mem::take(&mut self.news).then(|| std::mem::take(&mut self.observed))
    }
}

async fn tell(store: QueueStore, observed: Box<Observed>) {
    if let Err(error) = store.call(&Observe { observed: &observed }).await {
        debug!(queue = %store.name(), error = %chain(&error), "some counts for the queue's histograms are lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_at_once_and_then_after_a_while() {
        let mut stats = PendingStats::default();
        assert!(stats.take_due().is_none());
        let times = Times { waited: None, took: Duration::from_millis(3) };
        stats.ended(times, true);
        let told = stats.take_due().expect("there are counts");
        assert_eq!((told.run.count(), told.wait.count(), told.retried), (1, 0, 1));
        stats.ended(times, false);
        assert!(stats.take_due().is_none(), "too soon");
        assert_eq!(stats.take().map(|rest| rest.run.count()), Some(1));
        assert!(stats.take().is_none());
    }
}

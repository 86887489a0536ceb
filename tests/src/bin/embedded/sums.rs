//! The job of these plays.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jobqueue::{State, job};
use tokio::sync::Notify;

/// Counts runs, and rings at the last one.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Arc<(AtomicU64, Notify)>);

impl Tally {
    pub(crate) fn of(runs: u64) -> Self {
        Self(Arc::new((AtomicU64::new(runs), Notify::new())))
    }

    fn count(&self) {
        if self.0.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.1.notify_one();
        }
    }

    pub(crate) async fn all(self) {
        self.0.1.notified().await;
    }
}

#[job(queue = "sums", retain = none)]
pub(crate) async fn nothing(_payload: String, tally: State<Tally>) {
    tally.0.count();
}

/// A payload that is so many bytes long as MessagePack.
pub(crate) fn payload(bytes: usize) -> String {
    "x".repeat(bytes.saturating_sub(2))
}

//! Runs that end when they are let.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use jobqueue::{Context, Failure, State, job};
use tokio::sync::Semaphore;

/// Lets runs end, one by one, and counts those that began.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) ends: Arc<Semaphore>,
    pub(crate) begun: Arc<AtomicU32>,
}

impl Gate {
    pub(crate) fn shut() -> Self {
        Self { ends: Arc::new(Semaphore::new(0)), begun: Arc::default() }
    }

    /// Whether so many runs have begun.
    pub(crate) fn has_begun(&self, count: u32) -> bool {
        self.begun.load(Ordering::Relaxed) == count
    }

    async fn pass(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.ends.acquire().await.expect("it stays open").forget();
    }
}

#[job(queue = "gated", attempts = 5, backoff = fixed("10s"), retain = all)]
pub(crate) async fn gated(fails: bool, ctx: Context, gate: State<Gate>) -> Result<(), Failure> {
    gate.pass().await;
    if fails && ctx.attempt() == 1 { Err(Failure::retry("not this time")) } else { Ok(()) }
}

#[job(queue = "doomed", attempts = 1, dead_letter = "graves")]
pub(crate) async fn doomed(_nothing: (), gate: State<Gate>) -> Result<(), Failure> {
    gate.pass().await;
    Err(Failure::permanent("never"))
}

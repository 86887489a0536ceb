//! The worker's name that one receive goes by.

use std::time::Duration;

use tracing::debug;

use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::WorkerId,
    queue::Queue,
    store::{
        Retries,
        worker::{Advance, Join, Leave, Taken, Turn},
    },
};

/// A worker for the time of one receive. If it is dropped before it has [handed over](Self::hand_over) what it
/// holds, that goes back at once.
#[derive(Debug)]
pub(crate) struct Session {
    queue: Queue,
    lease: Duration,
    /// None before it has joined, and when its name is another's.
    worker: Option<WorkerId>,
    /// Jobs that it was given by a call whose answer was lost.
    found: Vec<Taken>,
}

impl Session {
    pub(crate) fn new(queue: Queue, lease: Duration) -> Self {
        Self { queue, lease, worker: None, found: Vec::new() }
    }

    /// Takes up to so many jobs, and those that have expired.
    pub(crate) async fn take(&mut self, want: usize) -> Result<Turn> {
        let mut retries = Retries::within(self.queue.store().retry_timeout());
        loop {
            let worker = match &self.worker {
                Some(worker) => worker.clone(),
                None => self.join().await?,
            };
            let call = Advance {
                worker: &worker,
                lease: self.lease,
                held: self.found.len(),
                want: want.saturating_sub(self.found.len()),
                throttle: Duration::ZERO,
                settlements: &[],
            };
            match self.queue.store().call(&call).await {
                Ok(mut turn) => {
                    turn.taken.splice(..0, self.found.drain(..));
                    return Ok(turn);
                }
                // It has waited for longer than its lease, with nothing in hand.
                Err(error) if error.is_lease_lost() => self.join().await.map(drop)?,
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    // Under a new name, what the lost call has brought is known.
                    self.join().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Joins under a new name.
    async fn join(&mut self) -> Result<WorkerId> {
        let worker = WorkerId::generate();
        let former = self.worker.clone();
        // Noted before the call: if this is dropped meanwhile, the new name's things go back.
        let join = Join {
            worker: &worker,
            former: former.as_ref(),
            lease: self.lease,
            limits: None,
            known: &[],
        };
        self.worker = Some(worker.clone());
        self.found = self.queue.store().call_retrying(&join).await?.found;
        Ok(worker)
    }

    /// The name under which it holds what it has taken.
    pub(crate) fn name(&self) -> Option<&WorkerId> {
        self.worker.as_ref()
    }

    /// Whoever holds the jobs from now on.
    pub(crate) fn hand_over(&mut self) -> Option<WorkerId> {
        self.worker.take()
    }

    /// Gives the name back, with nothing in hand.
    pub(crate) async fn leave(mut self) {
        if let Some(worker) = self.worker.take() {
            leave(&self.queue, &worker).await;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let (Some(worker), Ok(runtime)) =
            (self.worker.take(), tokio::runtime::Handle::try_current())
        {
            let queue = self.queue.clone();
            runtime.spawn(async move { leave(&queue, &worker).await });
        }
    }
}

/// Hands back what a worker holds, which wakes somebody, and its lease.
pub(crate) async fn leave(queue: &Queue, worker: &WorkerId) {
    if let Err(error) = queue.store().call_retrying(&Leave { worker }).await {
        debug!(queue = %queue.name(), error = %chain(&error), "a receive could not be ended: its lease runs out by itself");
    }
}

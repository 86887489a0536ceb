//! The fetch of one receive.

use std::time::Duration;

use tracing::debug;

use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{QueueName, WorkerId},
    session::{Session, Step},
    store::{
        QueueStore, Retries,
        worker::{Taken, Turn},
    },
    task::boxed,
};

/// Fetches for one receive, under a name of its own. If it is dropped before it has
/// [handed over](Self::hand_over) its jobs, they go back at once.
#[derive(Debug)]
pub(super) struct Fetcher {
    session: Session,
    /// Jobs that a call has fetched whose answer was lost.
    found: Vec<Taken>,
}

impl Fetcher {
    pub(super) fn new(store: QueueStore, lease: Duration) -> Self {
        Self { session: Session::new(store, lease, None), found: Vec::new() }
    }

    /// Fetches up to `want` jobs, and those that have expired.
    pub(super) async fn fetch(&mut self, want: usize) -> Result<Turn> {
        let mut retries = self.retries();
        loop {
            let held = self.found.len();
            let step = Step { held, want: want.saturating_sub(held), ..Step::default() };
            match self.session.advance(step).await {
                Ok(mut turn) => {
                    turn.taken.splice(..0, self.found.drain(..));
                    return Ok(turn);
                }
                // It has not joined yet, or it waited longer than its lease and holds nothing.
                Err(error) if error.is_lease_lost() => self.join().await?,
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    // The answer to a join says which jobs the lost call has fetched.
                    self.join().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn join(&mut self) -> Result<()> {
        let mut retries = self.retries();
        loop {
            match self.session.join(&[]).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => {
                    self.found = answer?.found;
                    return Ok(());
                }
            }
        }
    }

    fn retries(&self) -> Retries {
        Retries::within(self.session.store().retry_timeout())
    }

    /// The name under which the fetched jobs are held.
    pub(super) fn name(&self) -> Option<&WorkerId> {
        self.session.name()
    }

    /// Gives the name away, with the jobs that are held under it.
    pub(super) fn hand_over(&mut self) -> Option<WorkerId> {
        self.session.hand_over()
    }

    /// Gives back the lease and what is still held.
    pub(super) async fn leave(mut self) {
        self.start_leaving().await;
    }

    fn start_leaving(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let queue: QueueName = self.session.store().name().clone();
        let leave = self.session.leave(self.session.store().retry_timeout());
        async move {
            if let Err(error) = leave.await {
                debug!(%queue, error = %chain(&error), "a receive could not leave: its lease runs out by itself");
            }
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        if self.session.has_names()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(boxed(self.start_leaving()));
        }
    }
}

//! The fetch of one receive.

use std::time::Duration;

use tracing::debug;

use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::WorkerId,
    session::Session,
    store::{
        QueueStore, Retries,
        worker::{ByHand, GiveBack, Turn},
    },
    task::boxed,
};

/// How long the name of a receive lasts after its last call. It calls more often than that.
const LEASE: Duration = Duration::from_secs(30);

/// Fetches for one receive, under a name of its own, by which its jobs are known while they are
/// out. If it is dropped before it has [handed over](Self::hand_over) its jobs, they go back at
/// once.
#[derive(Debug)]
pub(super) struct Fetcher {
    session: Session,
    visibility: Duration,
    /// Whether jobs may be out under its name that nobody knows of: a call was sent, and has not
    /// been answered, or its jobs have not been passed on.
    may_hold: bool,
}

impl Fetcher {
    pub(super) fn new(store: QueueStore, visibility: Duration) -> Self {
        Self { session: Session::new(store, LEASE, None), visibility, may_hold: false }
    }

    /// Fetches up to `want` jobs, and those that have expired.
    pub(super) async fn fetch(&mut self, want: usize) -> Result<Turn> {
        let mut retries = self.retries();
        loop {
            let Some(receive) = self.session.name().cloned() else {
                self.join().await?;
                continue;
            };
            self.may_hold = true;
            let (lease, visibility) = (LEASE, self.visibility);
            let call = ByHand { receive: &receive, lease, visibility, want };
            match self.session.store().call(&call).await {
                Ok(turn) => {
                    self.may_hold = !turn.taken.is_empty();
                    return Ok(turn);
                }
                // Its name ended with its last jobs, or it waited too long.
                Err(error) if error.is_lease_lost() => {
                    self.may_hold = false;
                    self.join().await?;
                }
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    // The lost call may have fetched jobs, or may still arrive.
                    give_back(self.session.store(), &receive).await?;
                    self.may_hold = false;
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
                answer => return answer.map(drop),
            }
        }
    }

    fn retries(&self) -> Retries {
        Retries::within(self.session.store().retry_timeout())
    }

    /// The name by which the fetched jobs are known.
    pub(super) fn name(&self) -> Option<&WorkerId> {
        self.session.name()
    }

    /// All fetched jobs are settled.
    pub(super) fn settled(&mut self) {
        self.may_hold = false;
    }

    /// Gives the name away, with the jobs that are known by it.
    pub(super) fn hand_over(&mut self) -> Option<WorkerId> {
        self.may_hold = false;
        self.session.hand_over()
    }

    /// Gives back the name and what is still held. A receive that is dropped meanwhile has left all
    /// the same.
    pub(super) async fn leave(mut self) {
        let _ = tokio::spawn(boxed(self.start_leaving())).await;
    }

    fn start_leaving(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let store = self.session.store().clone();
        let holds = std::mem::take(&mut self.may_hold).then(|| self.session.name().cloned());
        let leave = self.session.leave(store.retry_timeout());
        async move {
            let left = async {
                if let Some(Some(receive)) = holds {
                    give_back(&store, &receive).await?;
                }
                leave.await
            };
            if let Err(error) = left.await {
                debug!(queue = %store.name(), error = %chain(&error), "a receive could not leave: its name runs out by itself");
            }
        }
    }
}

/// Releases what a receive has fetched, and ends its name: a call that arrives later is refused.
async fn give_back(store: &QueueStore, receive: &WorkerId) -> Result<()> {
    let mut cursor = 0;
    loop {
        cursor = store.call_retrying(&GiveBack { receive, cursor }).await?;
        if cursor == 0 {
            return Ok(());
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

//! A server in the process, and a worker that runs when the test says so.

use std::{
    any::Any,
    fmt,
    sync::{Arc, atomic::Ordering},
};

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::{driven_worker::DrivenWorker, server::TestServer, stage::Stage};
use crate::{
    client::{Client, ClientBuilder},
    error::Result,
    job::IntoJob,
    store::Faults,
    worker::{Handler, WorkerBuilder},
};

/// A server in this process, with a client, and a worker that runs when the test says so. See
/// [`testing`](crate::testing).
///
/// Time stands still but for [`advance`](Self::advance), and for what runs meanwhile: a handler that
/// sleeps for a minute moves it by a minute, and doesn't take one. The library's own times follow
/// it, and those of tokio; `Utc::now()` and `SystemTime::now()` don't, so let handlers that need the
/// time have it as state.
pub struct TestQueue {
    pub(super) client: Client,
    pub(super) server: TestServer,
    pub(super) stage: Arc<Stage>,
    pub(super) faults: Faults,
    /// The worker, if it rests in the middle of a run.
    pub(super) resting: tokio::sync::Mutex<Option<DrivenWorker>>,
    /// The worker, if it is live.
    pub(super) live: JoinSet<()>,
}

impl TestQueue {
    /// On a server in this process, in a runtime whose time stands still; or on a real one.
    pub(super) async fn start(
        (server, builder): (TestServer, ClientBuilder),
        faults: Faults,
    ) -> Result<Self> {
        let client = builder.connect().await?;
        let stage = Stage::new(&client);
        client.watched_by(&stage);
        let (resting, live) = (tokio::sync::Mutex::default(), JoinSet::new());
        Ok(Self { client, server, stage, faults, resting, live })
    }

    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The test's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.server.now()
    }

    /// The worker runs jobs with this handler.
    ///
    /// # Panics
    /// It has run already.
    #[must_use]
    pub fn handler<F, Args>(self, handler: F) -> Self
    where
        F: IntoJob<Args>,
        F::Job: Handler,
    {
        self.worker(|builder| builder.handler(handler))
    }

    /// The worker's handlers can ask for this with [`State`](crate::State).
    ///
    /// # Panics
    /// The worker has run already.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(self, value: T) -> Self {
        self.worker(|builder| builder.state(value))
    }

    /// How many runs may end while time stands still, or [inline](Self::inline) in one add, until a
    /// test is told that its jobs add each other for ever; 20,000 by default.
    #[must_use]
    pub fn most_runs(self, most: usize) -> Self {
        self.stage.drives.most_runs.store(most, Ordering::Relaxed);
        self
    }

    /// Sets up what else the worker has.
    ///
    /// # Panics
    /// It has run already.
    #[must_use]
    pub fn worker(self, set_up: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        assert!(self.stage.set_up(set_up), "the worker has run already: set it up before");
        self
    }
}

impl fmt::Debug for TestQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestQueue").field("now", &self.now()).finish_non_exhaustive()
    }
}

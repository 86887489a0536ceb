//! A contestant's worker while it runs.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Peer, Result, Tally, Work};

pub(crate) struct Running {
    worker: JoinHandle<Result<()>>,
    stop: CancellationToken,
}

impl Running {
    pub(crate) fn start<P: Peer>(peer: &Arc<P>, slots: usize, keep: i64, tally: &Tally) -> Self {
        let stop = CancellationToken::new();
        let work = Work { slots, keep, tally: tally.clone(), stop: stop.clone() };
        let peer = Arc::clone(peer);
        Self { worker: tokio::spawn(async move { peer.work(work).await }), stop }
    }

    /// Waits for the worker to stop without having been told to, which it shouldn't.
    pub(crate) async fn stopped(&mut self) -> Result<()> {
        (&mut self.worker).await??;
        Err("the worker stopped by itself".into())
    }

    /// Tells the worker to stop, and waits until it has.
    pub(crate) async fn end(self) -> Result<()> {
        self.stop.cancel();
        self.worker.await?
    }
}

//! A folder that this process holds.

use std::{
    os::unix::net::UnixListener as StdListener,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::{net::UnixListener, runtime, sync::oneshot};
use tracing::warn;

use super::{lock::Lock, socket::Socket};
use crate::{
    connection::listen,
    disk::{Files, Log, OpenError, Options},
    engine::Engine,
};

/// A folder that this process holds, with the engine of what is kept in it.
///
/// When it is dropped, all is brought to the disk, connections end, and the folder is free for
/// another process.
#[derive(Debug)]
pub struct Held {
    engine: Arc<Engine>,
    /// Ends the server's thread by being dropped.
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    /// Given back last.
    _lock: Lock,
}

impl Held {
    pub(super) fn new(
        lock: Lock,
        files: &Files,
        socket: &Socket,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Unusable {
            action: "can't serve on a socket in",
            path: files.path(""),
            source,
        };
        let (log, keyspace) = Log::open(files.clone(), options)?;
        let engine = Engine::with(options.clock.clone(), keyspace, Some(log));
        let listener = socket.listen().map_err(unusable)?;
        let (stop, stopped) = oneshot::channel();
        let served = engine.clone();
        let thread = thread::Builder::new().name("jobqueue-engine".to_owned());
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(unusable)?;
        let server =
            thread.spawn(move || runtime.block_on(serve_others(served, listener, stopped)));
        let server = Some(server.map_err(unusable)?);
        Ok(Self { engine, stop: Some(stop), server, _lock: lock })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            // It has said why, if it ended early.
            let _ = server.join();
        }
        // Clients in this process may have the engine still. Nothing is answered any more.
        if let Some(log) = self.engine.log() {
            log.close();
        }
    }
}

/// Serves all who connect, until it is told to stop. Their connections end with the runtime.
async fn serve_others(engine: Arc<Engine>, listener: StdListener, stopped: oneshot::Receiver<()>) {
    match UnixListener::from_std(listener) {
        Ok(listener) => {
            tokio::select! {
                biased;
                _ = stopped => {}
                never = listen(engine, listener) => match never {},
            }
        }
        Err(error) => warn!(%error, "no other process can be served"),
    }
}

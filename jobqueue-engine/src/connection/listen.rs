//! Serving all who connect.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, UnixListener},
    time::sleep,
};
use tracing::{debug, warn};

use super::{serve, serve_stranger};
use crate::engine::Engine;

/// How long it waits after a connection couldn't be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// Where clients connect to: a port or a Unix socket.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Tcp(listener))
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self(Kind::Unix(listener))
    }
}

/// Serves all who connect, until it is dropped. Connections that were taken are tasks of their own,
/// and go on after that until they or their runtime end.
///
/// Who comes over a port must say the engine's password, if it has [one](Engine::configure); who
/// comes over a Unix socket needn't: the socket's file says who may use it.
pub async fn listen(engine: Arc<Engine>, listener: impl Into<Listener>) -> Infallible {
    let listener = listener.into();
    loop {
        if let Err(error) = accept(&engine, &listener).await {
            // As a rule there are too many open files.
            warn!(%error, "a connection can't be taken");
            sleep(PAUSE).await;
        }
    }
}

async fn accept(engine: &Arc<Engine>, listener: &Listener) -> io::Result<()> {
    match &listener.0 {
        Kind::Tcp(listener) => {
            let (stream, _) = listener.accept().await?;
            // Answers are whole when they are written: none waits for more to come.
            stream.set_nodelay(true)?;
            tokio::spawn(logged(serve_stranger(engine.clone(), stream)));
        }
        Kind::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(logged(serve(engine.clone(), stream)));
        }
    }
    Ok(())
}

async fn logged(connection: impl Future<Output = io::Result<()>>) {
    if let Err(error) = connection.await {
        debug!(%error, "a connection has ended");
    }
}

//! The server in this process, or in another one of this machine that keeps the same folder: who
//! dials gets one end of a pair of streams, or of a socket.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use jobqueue_engine::{Clock, Engine, serve};
use redis::{
    AsyncConnectionConfig, RedisConnectionInfo, RedisError,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    time::timeout,
};

use super::{
    dial::overdue,
    folder::{Shared, Way},
};
use crate::{error::Error, task::boxed};

/// How many bytes are on their way at once; whoever writes more waits until they are read.
const PIPE: usize = 256 << 10;

/// A server in this process, or in another one that keeps the same folder.
#[derive(Clone)]
pub(crate) enum Embedded {
    /// In memory, in this process.
    Memory(Arc<Engine>),
    /// In a folder.
    Folder(Arc<Shared>),
    #[cfg(all(feature = "testing", feature = "internals"))]
    Elsewhere(Dial),
}

/// Dials a server whose place the caller knows.
#[cfg(all(feature = "testing", feature = "internals"))]
pub(crate) type Dial = Arc<dyn Fn() -> DuplexStream + Send + Sync>;

impl Embedded {
    /// The one that all clients of this process share.
    pub(super) fn in_memory() -> Self {
        static ENGINE: LazyLock<Arc<Engine>> =
            LazyLock::new(|| Engine::new(Clock::system(), fastrand::u64(..)));
        Self::Memory(ENGINE.clone())
    }

    pub(super) async fn dial(&self, limit: Duration) -> Result<MultiplexedConnection, RedisError> {
        let dial = async {
            match self.way().await? {
                Way::Here(engine) => multiplexed(stream(&engine)).await,
                Way::There(stream) => multiplexed(stream).await,
                #[cfg(all(feature = "testing", feature = "internals"))]
                Way::Elsewhere(stream) => multiplexed(stream).await,
            }
        };
        timeout(limit, dial).await.unwrap_or_else(|_| Err(self.overdue(limit)))
    }

    /// The caller has a limit.
    pub(super) async fn pubsub(&self) -> Result<PubSub, RedisError> {
        let user = RedisConnectionInfo::default();
        match self.way().await? {
            Way::Here(engine) => PubSub::new(&user, stream(&engine)).await,
            Way::There(stream) => PubSub::new(&user, stream).await,
            #[cfg(all(feature = "testing", feature = "internals"))]
            Way::Elsewhere(stream) => PubSub::new(&user, stream).await,
        }
    }

    async fn way(&self) -> Result<Way, RedisError> {
        match self {
            Self::Memory(engine) => Ok(Way::Here(engine.clone())),
            #[cfg(all(feature = "testing", feature = "internals"))]
            Self::Elsewhere(dial) => Ok(Way::Elsewhere(dial())),
            Self::Folder(folder) => folder.way().await,
        }
    }

    fn overdue(&self, limit: Duration) -> RedisError {
        match self {
            Self::Folder(folder) => folder.overdue(limit),
            _ => overdue(limit),
        }
    }

    /// The error of a failed check of the server, if the folder is the reason.
    pub(super) fn explain(&self, error: Error) -> Error {
        match self {
            Self::Folder(folder) => folder.explain(error),
            _ => error,
        }
    }
}

impl fmt::Display for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "embedded:{}", folder.path().display()),
            _ => f.write_str("embedded:"),
        }
    }
}

async fn multiplexed(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<MultiplexedConnection, RedisError> {
    // Each request has its own limit, and some block on purpose.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let user = RedisConnectionInfo::default();
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&user, stream, config).await?;
    tokio::spawn(boxed(driver));
    Ok(connection)
}

/// A stream to a server in this process. Its task ends with the stream.
fn stream(engine: &Arc<Engine>) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let engine = engine.clone();
    tokio::spawn(async move {
        if let Err(error) = serve(engine, theirs).await {
            tracing::debug!(%error, "a connection to the embedded server has ended");
        }
    });
    ours
}

//! The server in this process: who dials gets one end of a pair of streams.

use std::sync::{Arc, LazyLock};

use jobqueue_engine::{Clock, Engine, serve};
use redis::{
    AsyncConnectionConfig, RedisConnectionInfo, RedisError,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::io::DuplexStream;

use crate::task::boxed;

/// How many bytes are on their way at once; whoever writes more waits until they are read.
const PIPE: usize = 256 << 10;

/// A server in this process.
#[derive(Clone)]
pub(crate) struct Embedded(Server);

#[derive(Clone)]
enum Server {
    Engine(Arc<Engine>),
    #[cfg(all(feature = "testing", feature = "internals"))]
    Elsewhere(Dial),
}

/// Dials a server whose place the caller knows.
#[cfg(all(feature = "testing", feature = "internals"))]
pub(crate) type Dial = Arc<dyn Fn() -> DuplexStream + Send + Sync>;

impl Embedded {
    /// The one that all clients of this process share.
    pub(super) fn shared() -> Self {
        static ENGINE: LazyLock<Arc<Engine>> =
            LazyLock::new(|| Engine::new(Clock::system(), fastrand::u64(..)));
        Self(Server::Engine(ENGINE.clone()))
    }

    pub(super) fn of(engine: &Arc<Engine>) -> Self {
        Self(Server::Engine(engine.clone()))
    }

    #[cfg(all(feature = "testing", feature = "internals"))]
    pub(super) fn elsewhere(dial: &Dial) -> Self {
        Self(Server::Elsewhere(dial.clone()))
    }

    pub(super) async fn dial(&self) -> Result<MultiplexedConnection, RedisError> {
        // Each request has its own limit, and some block on purpose.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let user = RedisConnectionInfo::default();
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&user, self.stream(), config).await?;
        tokio::spawn(boxed(driver));
        Ok(connection)
    }

    pub(super) async fn pubsub(&self) -> Result<PubSub, RedisError> {
        PubSub::new(&RedisConnectionInfo::default(), self.stream()).await
    }

    /// A stream to the server. Its task ends with the stream.
    fn stream(&self) -> DuplexStream {
        let engine = match &self.0 {
            Server::Engine(engine) => engine.clone(),
            #[cfg(all(feature = "testing", feature = "internals"))]
            Server::Elsewhere(dial) => return dial(),
        };
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(async move {
            if let Err(error) = serve(engine, theirs).await {
                tracing::debug!(%error, "a connection to the embedded server has ended");
            }
        });
        ours
    }
}

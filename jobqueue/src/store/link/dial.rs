//! One dial of one server, and the errors of a server that doesn't answer.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, RedisError, aio::MultiplexedConnection,
};
use tokio::time::timeout;

/// How long a connection may take to be made, and a request to be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
}

impl Limits {
    pub(crate) const DEFAULT: Self =
        Self { connect: Duration::from_secs(5), response: Duration::from_secs(5) };
}

/// Makes a connection without a limit for requests: each request has its own, and some block on
/// purpose.
pub(crate) async fn dial(
    client: &redis::Client,
    limit: Duration,
) -> Result<MultiplexedConnection, RedisError> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(None);
    let dial = client.get_multiplexed_async_connection_with_config(&config);
    timeout(limit, dial).await.unwrap_or_else(|_| Err(overdue(limit)))
}

/// The same settings (user, password, database, TLS) at another address.
pub(crate) fn at(
    settings: &ConnectionInfo,
    host: &str,
    port: u16,
) -> Result<redis::Client, RedisError> {
    let host = host.to_owned();
    let address = match settings.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    redis::Client::open(settings.clone().set_addr(address))
}

/// An error that counts as a broken connection, so that a later try may succeed.
pub(crate) fn unreachable(why: &str) -> RedisError {
    std::io::Error::new(std::io::ErrorKind::NotConnected, why).into()
}

pub(crate) fn overdue(limit: Duration) -> RedisError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no answer within {limit:?}")).into()
}

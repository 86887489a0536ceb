//! One dial of one server, and the errors of a server that doesn't answer.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, RedisError, Value,
    aio::MultiplexedConnection,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::store::server_error::{is_broken, is_full};

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

/// How long to listen for what a server says by itself, and to how much of it.
const LISTEN: Duration = Duration::from_millis(200);
const MOST_WORDS: usize = 512;

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

/// Makes a connection that the server serves. One that takes no more says why, and closes the
/// connection: then its words are the error, though they got lost on that one.
pub(crate) async fn dial_served(
    client: &redis::Client,
    limit: Duration,
) -> Result<MultiplexedConnection, RedisError> {
    let served = async {
        let mut connection = dial(client, limit).await?;
        ping(&mut connection, limit).await?;
        Ok(connection)
    };
    match served.await {
        Err(error) if is_broken(&error) => Err(told(client, limit, &error).await.unwrap_or(error)),
        served => served,
    }
}

/// What may be the reason of a dial that failed.
async fn told(client: &redis::Client, limit: Duration, error: &RedisError) -> Option<RedisError> {
    // A plain server waits for the rest of what it takes for a command: there it is a timeout.
    if let Some(said) = without_tls(client, limit).await {
        return Some(said);
    }
    if error.is_timeout() { None } else { refusal(client, limit).await }
}

async fn ping(connection: &mut MultiplexedConnection, limit: Duration) -> Result<(), RedisError> {
    let ping = redis::cmd("PING");
    match timeout(limit, connection.send_packed_command(&ping)).await {
        Err(_) => Err(overdue(limit)),
        Ok(Err(error)) => Err(error),
        // Any answer will do, also that it still loads.
        Ok(Ok(Value::ServerError(error))) if is_full(&error.clone().into()) => Err(error.into()),
        Ok(Ok(_)) => Ok(()),
    }
}

/// What a server says to a connection that asks nothing.
async fn refusal(client: &redis::Client, limit: Duration) -> Option<RedisError> {
    let ConnectionAddr::Tcp(host, port) = client.get_connection_info().addr() else { return None };
    let listen = async {
        let stream = TcpStream::connect((host.as_str(), *port)).await.ok()?;
        stream.readable().await.ok()?;
        let mut words = vec![0; MOST_WORDS];
        let length = stream.try_read(&mut words).ok()?;
        words.truncate(length);
        Some(words)
    };
    // A server that takes the connection says nothing.
    let said = timeout(limit.min(LISTEN), listen).await.ok()??;
    match redis::parse_redis_value(&said) {
        Ok(Value::ServerError(error)) => Some(error.into()),
        _ => None,
    }
}

/// Whether the port of a URL with TLS speaks without: a plain PING is answered there.
async fn without_tls(client: &redis::Client, limit: Duration) -> Option<RedisError> {
    let ConnectionAddr::TcpTls { host, port, .. } = client.get_connection_info().addr() else {
        return None;
    };
    let ask = async {
        let mut stream = TcpStream::connect((host.as_str(), *port)).await.ok()?;
        stream.write_all(b"PING\r\n").await.ok()?;
        stream.read_u8().await.ok()
    };
    // An answer of Redis, or its refusal.
    let answer = timeout(limit.min(LISTEN), ask).await.ok()??;
    matches!(answer, b'+' | b'-').then(|| {
        unreachable("this port answers without TLS: use a redis:// URL, or the server's TLS port")
    })
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

//! One connection to Redis that reconnects.
//!
//! The commonest fault of Redis-backed systems is a process that lives on and receives nothing
//! after Redis was gone. So every request has a time limit, and a connection that broke or overran
//! a limit is dropped: the next request dials again. The caller waits between tries, since it knows
//! what is worth repeating.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{
    Cmd, Pipeline, RedisError, Value,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::time::{Instant, timeout};

#[cfg(feature = "embedded")]
use super::embedded::Embedded;
#[cfg(feature = "testing")]
use super::faults;
use super::{
    dial::{Limits, dial_served, overdue, unreachable},
    name::ConnectionName,
    sentinel::Sentinels,
};
use crate::store::server_error;

/// A connection that is made when it is first needed, and again after it broke.
#[derive(Clone)]
pub(crate) struct Link(Arc<Inner>);

/// The server to dial.
#[derive(Clone)]
pub(crate) enum Endpoint {
    /// One server, or one node of a cluster.
    Server(Box<redis::Client>),
    /// The master that sentinels name: they are asked again at each dial, so a failover is
    /// followed.
    Sentinels(Arc<Sentinels>),
    /// In this process, or in another one that keeps the same folder.
    #[cfg(feature = "embedded")]
    Embedded(Embedded),
}

impl Endpoint {
    /// Where the server is, for the text of errors: without user and password.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Server(client) => client.get_connection_info().addr().to_string(),
            Self::Sentinels(sentinels) => sentinels.to_string(),
            #[cfg(feature = "embedded")]
            Self::Embedded(embedded) => embedded.to_string(),
        }
    }
}

struct Inner {
    endpoint: Endpoint,
    limits: Limits,
    name: ConnectionName,
    current: Mutex<Current>,
    /// Locked while dialling, so that a hundred tasks dial once. The last dial that failed, and
    /// when.
    dialling: tokio::sync::Mutex<Option<(Instant, RedisError)>>,
}

#[derive(Default)]
struct Current {
    connection: Option<MultiplexedConnection>,
    /// Counts connections that are gone, so that a late failure of an old one doesn't end the new
    /// one.
    generation: u64,
}

impl Current {
    fn drop_connection(&mut self) {
        self.connection = None;
        self.generation += 1;
    }
}

impl Link {
    pub(crate) fn new(endpoint: Endpoint, limits: Limits, name: ConnectionName) -> Self {
        Self(Arc::new(Inner {
            endpoint,
            limits,
            name,
            current: Mutex::default(),
            dialling: tokio::sync::Mutex::default(),
        }))
    }

    /// Another link to the same server, for calls that block the connection or must not wait behind
    /// others.
    pub(crate) fn sibling(&self) -> Self {
        Self::new(self.0.endpoint.clone(), self.0.limits, self.0.name.waiting())
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Where the server is, for the text of errors.
    pub(in crate::store) fn address(&self) -> String {
        self.0.endpoint.address()
    }

    /// Sends one command and waits for its reply.
    pub(crate) async fn request(&self, command: &Cmd) -> Result<Value, RedisError> {
        self.request_within(command, self.0.limits.response).await
    }

    /// Sends one command that may take as long as `limit`.
    pub(crate) fn request_within<'a>(
        &'a self,
        command: &'a Cmd,
        limit: Duration,
    ) -> impl Future<Output = Result<Value, RedisError>> + Send + 'a {
        let request = self.send(command, limit);
        #[cfg(feature = "testing")]
        let request = faults::under(Some(command), request);
        request
    }

    async fn send(&self, command: &Cmd, limit: Duration) -> Result<Value, RedisError> {
        let (mut connection, generation) = self.connection().await?;
        let reply = timeout(limit, connection.send_packed_command(command)).await;
        let reply = reply.unwrap_or_else(|_| Err(overdue(limit)));
        let reply = match reply {
            Ok(Value::ServerError(error)) => Err(error.into()),
            other => other,
        };
        self.checked(generation, reply)
    }

    /// Sends several commands at once, and gives each one's own answer, unless the first is
    /// refused.
    pub(crate) fn request_all<'a>(
        &'a self,
        pipeline: &'a Pipeline,
        limit: Duration,
    ) -> impl Future<Output = Result<Vec<Value>, RedisError>> + Send + 'a {
        let request = self.send_all(pipeline, limit);
        #[cfg(feature = "testing")]
        let request = faults::under(pipeline.cmd_iter().next(), request);
        request
    }

    async fn send_all(
        &self,
        pipeline: &Pipeline,
        limit: Duration,
    ) -> Result<Vec<Value>, RedisError> {
        let (mut connection, generation) = self.connection().await?;
        let count = pipeline.len();
        let replies = timeout(limit, connection.send_packed_commands(pipeline, 0, count)).await;
        let replies = replies.unwrap_or_else(|_| Err(overdue(limit)));
        self.checked(generation, replies.and_then(first_accepted))
    }

    /// A new connection for subscriptions.
    pub(crate) async fn pubsub(&self) -> Result<PubSub, RedisError> {
        let limit = self.0.limits.connect;
        let dial = async {
            match &self.0.endpoint {
                Endpoint::Server(client) => client.get_async_pubsub().await,
                Endpoint::Sentinels(sentinels) => {
                    Box::pin(sentinels.master(limit)).await?.get_async_pubsub().await
                }
                #[cfg(feature = "embedded")]
                Endpoint::Embedded(embedded) => embedded.pubsub().await,
            }
        };
        #[cfg(feature = "testing")]
        let dial = faults::under(None, dial);
        timeout(limit, dial).await.unwrap_or_else(|_| Err(overdue(limit)))
    }

    /// Drops the connection, and with it the requests that still wait on it.
    pub(crate) fn disconnect(&self) {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).drop_connection();
    }

    /// How many connections are gone. While it is the same, requests have gone over one.
    pub(crate) fn generation(&self) -> u64 {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).generation
    }

    fn checked<T>(&self, generation: u64, reply: Result<T, RedisError>) -> Result<T, RedisError> {
        let Err(mut error) = reply else { return reply };
        if server_error::is_readonly(&error) {
            // A failover: the sentinels, or the server's one name, lead to the new master, or will
            // soon.
            error = unreachable(
                "this redis is a read-only replica: it has failed over, or the url doesn't name the primary",
            );
        }
        if server_error::is_broken(&error) {
            let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
            if current.generation == generation {
                current.drop_connection();
            }
        }
        Err(error)
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), RedisError> {
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        let asked = Instant::now();
        let limit = self.0.limits.connect;
        // A dial may stand still, with its task's runtime for instance. Then this one is alone.
        let mut dialling = timeout(limit, self.0.dialling.lock()).await.ok();
        // Another task may have dialled meanwhile; its failure is that of all who waited for it.
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        let last = dialling.as_ref().and_then(|last| last.as_ref());
        if let Some((_, error)) = last.filter(|(when, _)| *when >= asked) {
            return Err(error.clone());
        }
        let dialled = match &self.0.endpoint {
            Endpoint::Server(client) => dial_served(client, limit).await,
            Endpoint::Sentinels(sentinels) => Box::pin(sentinels.dial_master(limit)).await,
            #[cfg(feature = "embedded")]
            Endpoint::Embedded(embedded) => embedded.dial(limit).await,
        };
        let connection = match dialled {
            Ok(mut connection) => {
                self.0.name.tell(&mut connection).await;
                connection
            }
            Err(error) => {
                if let Some(last) = &mut dialling {
                    **last = Some((Instant::now(), error.clone()));
                }
                return Err(error);
            }
        };
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.connection.is_some() {
            // This task dialled alone, and so did another.
            current.drop_connection();
        }
        current.connection = Some(connection.clone());
        Ok((connection, current.generation))
    }

    fn ready(&self) -> Option<(MultiplexedConnection, u64)> {
        let current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.connection.clone().map(|connection| (connection, current.generation))
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.write_str("Link")
    }
}

/// The answers of a pipeline; an error if its first command was refused.
pub(crate) fn first_accepted(replies: Vec<Value>) -> Result<Vec<Value>, RedisError> {
    match replies.first() {
        Some(Value::ServerError(error)) => Err(error.clone().into()),
        _ => Ok(replies),
    }
}

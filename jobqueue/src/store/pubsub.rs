//! Broadcasts: sent by PUBLISH, received over a connection of their own.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use redis::{
    RedisError, Value,
    aio::{PubSub, PubSubSink, PubSubStream},
};
use tokio::time::timeout;

use super::{
    keys::Keys,
    link::{overdue, unreachable},
    queue_store::QueueStore,
    reply,
    server_error::{self, About},
    servers::{Store, Topology},
};
use crate::{error::Result, job::QueueName};

const SENDING: &str = "send a broadcast";
const LISTENING: &str = "listen to broadcasts";

/// After this time without a message the subscription sends a PING.
const QUIET: Duration = Duration::from_secs(5);

impl QueueStore {
    /// Sends to all subscribers of the channel of this name. Returns their number as the server
    /// knows it: a node of a cluster counts only its own.
    pub(crate) async fn publish(&self, message: &[u8]) -> Result<u64> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.keys.channel()).arg(message);
        // Listeners ignore a second one with the same id.
        let heard = self.request_retrying(&command, SENDING).await?;
        Ok(reply::count(&heard, SENDING)?)
    }
}

impl Store {
    /// Subscribes to channels, over a connection of its own.
    pub(crate) async fn subscribe(&self, names: &[QueueName]) -> Result<Subscription> {
        let channels: Vec<String> =
            names.iter().map(|name| Keys::new(&self.prefix, name).channel()).collect();
        let limit = self.topology.limits().response;
        let subscribed = async {
            let (mut sink, stream) = self.pubsub(names).await?.split();
            let subscribe = timeout(limit, sink.subscribe(&channels));
            subscribe.await.unwrap_or_else(|_| Err(overdue(limit)))?;
            Ok(Subscription { names: names.to_vec(), channels, sink, stream, limit })
        };
        subscribed.await.map_err(explain)
    }

    /// Any node will do, since a cluster's nodes pass broadcasts on to each other. Choosing it by
    /// name spreads the channels over the nodes.
    async fn pubsub(&self, names: &[QueueName]) -> Result<PubSub, RedisError> {
        match &self.topology {
            Topology::Server(link) => link.pubsub().await,
            Topology::Cluster(cluster) => {
                let slot = names.first().map_or(0, |name| Keys::new(&self.prefix, name).slot());
                let address = cluster.master(slot).await?;
                let dialled = cluster.new_links().get(&address)?.pubsub().await;
                if dialled.is_err() {
                    cluster.mark_stale();
                }
                dialled
            }
        }
    }
}

fn explain(error: RedisError) -> crate::error::Error {
    server_error::explain(error, About::action(LISTENING))
}

/// Subscribed channels.
pub(crate) struct Subscription {
    names: Vec<QueueName>,
    channels: Vec<String>,
    sink: PubSubSink,
    stream: PubSubStream,
    limit: Duration,
}

impl Subscription {
    /// Waits for the next message, and returns the channel's name with it. An error ends the
    /// subscription, and so does a server that stops answering.
    pub(crate) async fn next(&mut self) -> Result<(QueueName, Bytes)> {
        loop {
            match timeout(QUIET, self.stream.next()).await {
                Ok(Some(message)) => {
                    let channel = message.get_channel_name();
                    let known = self.channels.iter().position(|known| known == channel);
                    if let Some(name) = known.and_then(|at| self.names.get(at)) {
                        let bytes = Bytes::copy_from_slice(message.get_payload_bytes());
                        return Ok((name.clone(), bytes));
                    }
                }
                Ok(None) => return Err(explain(unreachable("the connection was closed"))),
                Err(_) => {
                    let alive = timeout(self.limit, self.sink.ping::<Value>()).await;
                    let alive = alive.unwrap_or_else(|_| Err(overdue(self.limit)));
                    alive.map_err(explain)?;
                }
            }
        }
    }
}

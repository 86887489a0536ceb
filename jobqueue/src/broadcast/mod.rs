//! Broadcasts: a message to every live worker process at once.
//!
//! ```no_run
//! use jobqueue::{broadcast, Client, Worker};
//!
//! #[broadcast("cache-invalidation")]
//! async fn forget(key: String) {
//!     println!("{key} has changed");
//! }
//!
//! # async fn example(client: Client) -> jobqueue::Result<()> {
//! client.broadcast(forget, "user:7".to_owned()).await?; // from any process
//! Worker::builder(&client).listener(forget).run().await // in each that listens
//! # }
//! ```
//!
//! [`Client::broadcast`] sends to the processes that listen now; nothing is kept for others, and
//! nothing is retried. A listener that lost its connection for a while is told
//! [`BroadcastsMissed`](crate::telemetry::WorkerEvent::BroadcastsMissed). For messages that must
//! arrive, publish to a [`topic`](crate::topic).

pub use crate::job::{Broadcast, BroadcastDefinition};

use std::{future::IntoFuture, pin::Pin};

use bytes::Bytes;
use serde::Serialize;

use crate::{
    client::Client,
    clock,
    error::Result,
    job::{Codec, IntoBroadcast, JobId, JobName, JobOptions, Message, QueueName, Record},
    value_error::{PayloadError, TooLarge},
};

/// A broadcast about to be sent: set options, then await it for the number of processes that
/// received it.
///
/// On a cluster, only the listeners at one of its nodes are counted. If Redis can't be reached, the
/// broadcast is repeated up to the client's [`retry_timeout`](crate::ClientBuilder::retry_timeout);
/// listeners run once even if it was sent twice.
///
/// # Cancel safety
/// Dropped before it is done, it is sent or it isn't.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) if the name is invalid,
/// [`Error::Payload`](crate::Error::Payload) if the message can't be written or is too large,
/// [`Refused::Permission`](crate::error::Refused::Permission) if an ACL forbids the channel, and
/// those of any call; with [`Error::Unavailable`](crate::Error::Unavailable) it may have been sent.
#[must_use = "a broadcast is sent when this is awaited"]
#[derive(Debug)]
pub struct SendBroadcast {
    client: Client,
    channel: String,
    codec: Codec,
    payload: Result<Vec<u8>, PayloadError>,
    options: JobOptions,
}

impl Client {
    /// Sends a message to every worker process that has this listener and is connected now.
    /// Processes that connect later don't get it. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # use jobqueue::{broadcast, Client};
    /// #[broadcast("cache-invalidation")]
    /// async fn forget(key: String) {
    ///     println!("{key} has changed");
    /// }
    ///
    /// # async fn example(client: Client) -> jobqueue::Result<()> {
    /// client.broadcast(forget, "user:7".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that messages read like arguments")]
    pub fn broadcast<F, Args>(&self, listener: F, message: F::Message) -> SendBroadcast
    where
        F: IntoBroadcast<Args>,
    {
        let _ = listener;
        let channel = F::Broadcast::CHANNEL;
        let codec = self.codec_or(channel.codec);
        self.send_broadcast(channel.name, codec, codec.encode(&message))
    }

    /// Sends a message by the channel's name, for programs that don't have the listener.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let received = client.broadcast_by_name("cache-invalidation", "user:7").await?;
    /// println!("{received} processes received it");
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast_by_name<T: Serialize + ?Sized>(
        &self,
        channel: &str,
        message: &T,
    ) -> SendBroadcast {
        let codec = self.codec();
        self.send_broadcast(channel, codec, codec.encode(message))
    }

    fn send_broadcast(
        &self,
        channel: &str,
        codec: Codec,
        payload: Result<Vec<u8>, PayloadError>,
    ) -> SendBroadcast {
        let (client, channel) = (self.clone(), channel.to_owned());
        let mut options = JobOptions::default();
        if let Some(trace) = self.trace() {
            trace.send(&mut options.headers);
        }
        SendBroadcast { client, channel, codec, payload, options }
    }
}

impl SendBroadcast {
    /// A value beside the message, for [`Context::header`](crate::Context::header).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.insert(name.into(), value.into());
        self
    }

    async fn send(self) -> Result<u64> {
        let Self { client, channel, codec, payload, options } = self;
        let (queue, name): (QueueName, JobName) = (channel.parse()?, channel.parse()?);
        options.validate()?;
        let (payload, limit) = (Bytes::from(payload?), client.max_payload());
        if payload.len() > limit {
            let what = format!("the broadcast {name}");
            return Err(TooLarge::sent(what, payload.len(), limit).into());
        }
        let record = Record { name, codec, payload, created_at: clock::now(), options };
        let message = Message { id: JobId::generate(), record }.encode();
        let heard = client.store().queue(&queue).publish(&message).await?;
        #[cfg(feature = "testing")]
        if let Some(watch) = client.watch() {
            return Ok(heard + watch.broadcast(&queue, message.into()).await?);
        }
        Ok(heard)
    }
}

impl IntoFuture for SendBroadcast {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

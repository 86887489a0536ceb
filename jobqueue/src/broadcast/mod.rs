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
//! [`Client::broadcast`] sends to the processes that listen now; nothing is kept for others, and nothing is
//! retried. A listener that lost its connection for a while is told
//! [`BroadcastsMissed`](crate::telemetry::WorkerEvent::BroadcastsMissed). For messages that must arrive,
//! publish to a [`topic`](crate::topic).

pub use crate::job::{Broadcast, BroadcastDefinition};

use std::{future::IntoFuture, pin::Pin};

use bytes::Bytes;
use chrono::Utc;
use serde::Serialize;

use crate::{
    client::Client,
    error::{Error, Result},
    job::{Codec, JobId, JobName, JobOptions, Message, QueueName, Record},
    store::Retries,
    value_error::PayloadError,
};

/// A broadcast about to be sent: set options, then await it for how many have heard it.
///
/// On a cluster that is how many listen at one of its nodes. If Redis can't be reached, it waits up to the client's
/// [`retry_timeout`](crate::ClientBuilder::retry_timeout); sent again for want of an answer, it is heard once all the same.
///
/// # Errors
/// [`Error::Invalid`] if the name is, [`Error::Payload`] if the message can't be written or is too large,
/// [`Refused::Permission`](crate::error::Refused::Permission) if an ACL forbids the channel, and those of any call; with
/// [`Error::Unavailable`] it may have been sent.
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
    /// Sends a message to every worker process that has this listener and is connected now; none is kept for
    /// those that aren't. Await the answer, or set options first.
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
    pub fn broadcast<B: Broadcast>(&self, listener: B, message: B::Message) -> SendBroadcast {
        let _ = listener;
        let codec = self.codec_or(B::CHANNEL.codec);
        self.announce(B::CHANNEL.name, codec, codec.encode(&message))
    }

    /// The same by the channel's name, for those who don't have the listener.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let heard = client.broadcast_by_name("cache-invalidation", "user:7").await?;
    /// println!("{heard} processes know");
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast_by_name<T: Serialize + ?Sized>(
        &self,
        channel: &str,
        message: &T,
    ) -> SendBroadcast {
        let codec = self.codec();
        self.announce(channel, codec, codec.encode(message))
    }

    fn announce(
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
    /// Something that travels beside the message, for [`Context::header`](crate::Context::header).
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
            return Err(PayloadError::TooLarge { size: payload.len(), limit }.into());
        }
        let record = Record { name, codec, payload, created_at: Utc::now(), options };
        let message = Message { id: JobId::generate(), record }.encode();
        let store = client.store().queue(&queue);
        let mut retries = Retries::within(store.retry_timeout());
        loop {
            match store.publish(&message).await {
                // Listeners know it again if it comes twice.
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
        }
    }
}

impl IntoFuture for SendBroadcast {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

//! Sending to every live worker process at once.

use std::{future::IntoFuture, pin::Pin};

use bytes::Bytes;
use chrono::Utc;
use serde::Serialize;

use super::Client;
use crate::{
    error::{Error, Result},
    flaw::PayloadError,
    job::{
        Broadcast, Codec, IntoBroadcast, JobId, JobName, JobOptions, Message, QueueName, Record,
    },
    store::Retries,
};

/// A broadcast about to be sent: set options, then await it for how many have heard it.
///
/// On a cluster that is how many listen at one of its nodes. If Redis can't be reached, it waits up to the client's
/// [`patience`](crate::ClientBuilder::patience); sent again for want of an answer, it is heard once all the same.
///
/// # Errors
/// [`Error::Invalid`] if the name is, [`Error::Payload`] if the message can't be written or is too large,
/// [`Refused::Permission`](crate::Refused::Permission) if an ACL forbids the channel, and those of any call; with
/// [`Error::Unavailable`] it may have been sent.
#[must_use = "a broadcast is sent when this is awaited"]
#[derive(Debug)]
pub struct Announcement {
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
    /// # use jobqueue::{Client, broadcast};
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
    pub fn broadcast<F, Args>(&self, listener: F, message: F::Message) -> Announcement
    where
        F: IntoBroadcast<Args>,
    {
        let _ = listener;
        let channel = F::Broadcast::CHANNEL;
        let codec = self.codec_or(channel.codec);
        self.announce(channel.name, codec, codec.encode(&message))
    }

    /// The same by the channel's name, for those who don't have the listener.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let heard = client.broadcast_to("cache-invalidation", "user:7").await?;
    /// println!("{heard} processes know");
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast_to<T: Serialize + ?Sized>(&self, channel: &str, message: &T) -> Announcement {
        let codec = self.codec();
        self.announce(channel, codec, codec.encode(message))
    }

    fn announce(
        &self,
        channel: &str,
        codec: Codec,
        payload: Result<Vec<u8>, PayloadError>,
    ) -> Announcement {
        let (client, channel) = (self.clone(), channel.to_owned());
        let mut options = JobOptions::default();
        if let Some(trace) = self.trace() {
            trace.send(&mut options.headers);
        }
        Announcement { client, channel, codec, payload, options }
    }
}

impl Announcement {
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
        let mut retries = Retries::within(store.patience());
        loop {
            match store.publish(&message).await {
                // Listeners know it again if it comes twice.
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
        }
    }
}

impl IntoFuture for Announcement {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

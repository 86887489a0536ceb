//! Sending to every live worker process at once.

use bytes::Bytes;
use chrono::Utc;
use serde::Serialize;

use super::Client;
use crate::{
    error::{Error, Result},
    flaw::PayloadError,
    job::{Broadcast, Codec, JobId, JobName, JobOptions, Message, QueueName, Record},
    store::Retries,
};

impl Client {
    /// Sends a message to every worker process that has this listener and is connected now; none is kept for
    /// those that aren't. Answers how many there were: on a cluster, those of one node.
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
    ///
    /// # Errors
    /// [`Error::Payload`] if the message can't be written or is too large, and those of any call; with
    /// [`Error::Unavailable`] it may have been sent.
    pub async fn broadcast<B: Broadcast>(&self, listener: B, message: B::Message) -> Result<u64> {
        let _ = listener;
        let codec = self.codec_or(B::CHANNEL.codec);
        let payload = codec.encode(&message);
        self.send_to_all(B::CHANNEL.name, codec, payload).await
    }

    /// The same by the channel's name.
    ///
    /// # Errors
    /// As of [`broadcast`](Self::broadcast), and [`Error::Invalid`] if the name is.
    pub async fn broadcast_to<T: Serialize + ?Sized>(
        &self,
        channel: &str,
        message: &T,
    ) -> Result<u64> {
        let payload = self.codec().encode(message);
        self.send_to_all(channel, self.codec(), payload).await
    }

    async fn send_to_all(
        &self,
        channel: &str,
        codec: Codec,
        payload: Result<Vec<u8>, PayloadError>,
    ) -> Result<u64> {
        let (name, job): (QueueName, JobName) = (channel.parse()?, channel.parse()?);
        let (payload, limit) = (payload?, self.max_payload());
        if payload.len() > limit {
            return Err(PayloadError::TooLarge { size: payload.len(), limit }.into());
        }
        let record = Record {
            name: job,
            codec,
            payload: Bytes::from(payload),
            created_at: Utc::now(),
            options: JobOptions::default(),
        };
        let message = Message { id: JobId::generate(), record }.encode();
        let store = self.store().queue(&name);
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

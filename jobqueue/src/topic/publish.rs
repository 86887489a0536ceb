//! Publishing one message.

use std::{pin::Pin, slice};

use serde::Serialize;

use super::{
    message::{Message, message_setters},
    publisher::{publisher, send},
    receipt::Receipt,
};
use crate::{
    client::Client,
    error::{Error, Result},
    job::Codec,
    store::Durability,
};

/// A message about to be published: set options, then await it.
///
/// Awaiting it gives a [`Receipt`] once the message and its targets are in the topic's outbox: one
/// round trip, however many queues are bound. From there each copy arrives once, even if processes
/// die meanwhile.
///
/// # Cancel safety
/// Dropped before it is done, the message is published once, to all its queues, or not at all.
///
/// # Errors
/// [`Error::Invalid`] and [`Error::Payload`] before anything is sent; [`Error::Unavailable`] if
/// Redis did not answer in time: then it may have been published.
#[must_use = "a message is published when this is awaited"]
#[derive(Debug)]
pub struct Publish<T> {
    message: Message,
    payload: T,
}

impl Client {
    /// Publishes a message to a topic: each queue bound to it by a pattern that matches the routing
    /// key gets a copy. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let user = serde_json::json!({"id": 42});
    /// let publish = client.publish("user-events", "user.created", user);
    /// let receipt = publish.header("region", "eu").await?;
    /// if receipt.is_unroutable() {
    ///     println!("no queue is bound for this message");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish<T: Serialize>(&self, topic: &str, routing_key: &str, payload: T) -> Publish<T> {
        Publish { message: Message::new(self, topic, routing_key), payload }
    }
}

impl<T: Serialize> Publish<T> {
    message_setters!();
}

impl<T: Serialize> IntoFuture for Publish<T> {
    type Output = Result<Receipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Receipt>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { message, payload } = self;
        let messages = message.messages(slice::from_ref(&payload));
        let (client, durability) = (message.client, message.durability);
        Box::pin(async move {
            let (topic, messages) = messages?;
            let publisher = publisher(&client, &topic, durability);
            let receipts = send(&client, &publisher, messages).await?;
            receipts.into_iter().next().ok_or(Error::Closed)
        })
    }
}

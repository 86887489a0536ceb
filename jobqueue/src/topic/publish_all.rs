//! Publishing many messages.

use std::{iter::from_fn, pin::Pin};

use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::{
    message::{Message, message_setters},
    publisher::{Outgoing, publisher, send},
    receipt::Receipt,
};
use crate::{
    client::Client,
    error::{Error, Result},
    error_chain::readable_debug,
    job::Codec,
    store::Durability,
};

/// How many messages go in one call, and how many such calls wait at once.
const CALL: usize = 250;
const CALLS: usize = 16;

/// Many messages about to be published under one routing key: set options, which apply to all, then
/// await it.
///
/// They go in calls of up to 250 messages, in order; each call publishes all its messages or none.
///
/// # Cancel safety
/// Dropped before it is done, it has published the messages of its first calls, each call all or
/// none.
///
/// # Errors
/// [`PublishAllError`] has the messages that were published before the failure. If a payload or an
/// option is invalid, nothing is sent.
#[must_use = "messages are published when this is awaited"]
#[derive(Debug)]
pub struct PublishAll<T> {
    message: Message,
    payloads: Vec<T>,
}

/// Why not all messages of a [`PublishAll`] were published.
#[derive(thiserror::Error)]
#[error("{} messages were published before a call failed", published.len())]
pub struct PublishAllError {
    /// The messages that were published: all before the call that failed.
    pub published: Vec<Receipt>,
    /// Why that call failed. Later calls, and with [`Error::Unavailable`] this one too, may have
    /// been carried out nevertheless.
    #[source]
    pub error: Error,
}

impl From<PublishAllError> for Error {
    fn from(error: PublishAllError) -> Self {
        error.error
    }
}

impl Client {
    /// Publishes many messages under one routing key.
    pub fn publish_all<T: Serialize>(
        &self,
        topic: &str,
        routing_key: &str,
        payloads: impl IntoIterator<Item = T>,
    ) -> PublishAll<T> {
        let message = Message::new(self, topic, routing_key);
        PublishAll { message, payloads: payloads.into_iter().collect() }
    }
}

impl<T: Serialize> PublishAll<T> {
    message_setters!();
}

impl<T: Serialize> IntoFuture for PublishAll<T> {
    type Output = Result<Vec<Receipt>, PublishAllError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { message, payloads } = self;
        let messages = message.messages(&payloads);
        let (client, durability) = (message.client, message.durability);
        Box::pin(async move {
            let failed = |error| PublishAllError { published: Vec::new(), error };
            let (topic, messages) = messages.map_err(failed)?;
            let publisher = publisher(&client, &topic, durability);
            let mut published = Vec::with_capacity(messages.len());
            let mut messages = messages.into_iter();
            let parts = from_fn(move || {
                let part: Vec<Outgoing> = messages.by_ref().take(CALL).collect();
                (!part.is_empty()).then_some(part)
            });
            let mut calls =
                stream::iter(parts.map(|part| send(&client, &publisher, part))).buffered(CALLS);
            while let Some(answer) = calls.next().await {
                match answer {
                    Ok(receipts) => published.extend(receipts),
                    Err(error) => return Err(PublishAllError { published, error }),
                }
            }
            Ok(published)
        })
    }
}

readable_debug!(PublishAllError);

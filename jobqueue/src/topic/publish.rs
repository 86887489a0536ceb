//! Publishing: one message, or many.

use std::{collections::BTreeMap, pin::Pin};

use bytes::Bytes;
use chrono::Utc;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::publisher::{Outgoing, Receipt};
use crate::{
    client::Client,
    error::{Error, Result},
    job::{Codec, JobId, JobOptions, Origin, Priority, QueueName, Record, TraceContext},
    policy::RoutingKey,
    store::{Durability, topic::NewMessage},
    value_error::{Invalid, PayloadError},
};

/// How many messages of a [`PublishAll`] go in one call, and how many such calls wait at once.
const PARCEL: usize = 250;
const PARCELS: usize = 16;

/// What a publish says beside its payload.
#[derive(Debug)]
struct Message {
    client: Client,
    topic: Result<QueueName, Invalid>,
    key: Result<RoutingKey, Invalid>,
    codec: Codec,
    priority: Result<Priority, Invalid>,
    headers: BTreeMap<String, String>,
    version: Option<u32>,
    /// What the message goes on with, if its headers name no trace of their own.
    trace: Option<TraceContext>,
    durability: Durability,
}

impl Message {
    fn new(client: &Client, topic: &str, key: &str) -> Self {
        Self {
            client: client.clone(),
            topic: topic.parse(),
            key: key.parse(),
            codec: client.codec(),
            priority: Ok(Priority::default()),
            headers: BTreeMap::new(),
            version: None,
            trace: client.trace(),
            durability: Durability::default(),
        }
    }

    /// The messages of these payloads.
    fn messages<T: Serialize>(&self, payloads: &[T]) -> Result<(QueueName, Vec<Outgoing>)> {
        let (topic, key) = (self.topic.clone()?, self.key.clone()?);
        let origin = Origin { topic: topic.clone(), routing_key: key.as_str().to_owned() };
        let mut headers = self.headers.clone();
        if let Some(trace) = &self.trace {
            trace.send(&mut headers);
        }
        let options = JobOptions {
            priority: self.priority.clone()?,
            headers: headers.clone(),
            version: self.version,
            origin: Some(origin),
            ..JobOptions::default()
        };
        options.validate()?;
        let mut record = Record {
            name: key.as_str().parse()?,
            codec: self.codec,
            payload: Bytes::new(),
            created_at: Utc::now(),
            options,
        };
        let limit = self.client.max_payload();
        let message = |payload| {
            let payload = self.codec.encode(payload)?;
            if payload.len() > limit {
                return Err(PayloadError::TooLarge { size: payload.len(), limit });
            }
            record.payload = Bytes::from(payload);
            let (priority, id) = (record.options.priority, JobId::generate());
            let message = NewMessage { id, priority, record: record.encode() };
            Ok(Outgoing { message, key: key.clone(), headers: headers.clone() })
        };
        let messages = payloads.iter().map(message).collect::<Result<_, _>>()?;
        Ok((topic, messages))
    }
}

/// The setters that publishing one and publishing many have in common.
macro_rules! message_setters {
    () => {
        /// Something that travels beside the payload: for filters, and for
        /// [`Context::header`](crate::Context::header). A `traceparent` wins over the
        /// [trace](crate::trace::TraceContext) that the message would go on with.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.message.headers.insert(name.into(), value.into());
            self
        }

        /// The version that the payload is of, for types with versions: `.version(Order::VERSION)`. A message
        /// that says none is read as of the newest version that its handler knows, and if it can't be, as of
        /// the first. See [`Payload`](crate::Payload).
        pub fn version(mut self, version: u32) -> Self {
            self.message.version = Some(version);
            self
        }

        /// The copies' place in their queues: -1024 (first) to 1023 (last), 0 by default.
        pub fn priority(mut self, priority: i16) -> Self {
            self.message.priority = priority.try_into();
            self
        }

        /// How the payload is written; the client's codec by default, which is MessagePack. Subscribers
        /// read either.
        pub fn codec(mut self, codec: Codec) -> Self {
            self.message.codec = codec;
            self
        }

        /// What the publish waits for before it counts; the server's acknowledgement by default.
        pub fn durability(mut self, durability: Durability) -> Self {
            self.message.durability = durability;
            self
        }
    };
}

/// A message about to be published: set options, then await it.
///
/// Awaiting gives a [`Receipt`], once the message and where it goes are durably in the topic's outbox: one
/// round trip, however many queues are bound. From there each copy arrives once, whoever dies meanwhile.
///
/// # Errors
/// [`Error::Invalid`] and [`Error::Payload`] before anything is sent; [`Error::Unavailable`] if Redis did not
/// answer in time: then it may have been published.
#[must_use = "a message is published when this is awaited"]
#[derive(Debug)]
pub struct Publish<T> {
    message: Message,
    payload: T,
}

impl<T: Serialize> Publish<T> {
    message_setters!();
}

/// Many messages about to be published under one routing key: set options, which hold for all, then await it.
///
/// They go in calls of up to 250 messages, in order; each call publishes all its messages or none.
///
/// # Errors
/// [`PublishAllError`] says how far it came. If a payload or an option is invalid, nothing is sent.
#[must_use = "messages are published when this is awaited"]
#[derive(Debug)]
pub struct PublishAll<T> {
    message: Message,
    payloads: Vec<T>,
}

impl<T: Serialize> PublishAll<T> {
    message_setters!();
}

/// Why not all messages of a [`PublishAll`] were published.
#[derive(Debug, thiserror::Error)]
#[error("{} messages were published, then: {error}", published.len())]
pub struct PublishAllError {
    /// What was published: all before the call that failed.
    pub published: Vec<Receipt>,
    /// Why that call failed. Later ones, and with [`Error::Unavailable`] this one too, may have been carried
    /// out nevertheless.
    #[source]
    pub error: Error,
}

impl From<PublishAllError> for Error {
    fn from(error: PublishAllError) -> Self {
        error.error
    }
}

impl Client {
    /// Publishes a message to a topic: each queue bound to it by a pattern that fits the routing key gets a
    /// copy. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let user = serde_json::json!({"id": 42});
    /// let receipt = client.publish("user-events", "user.created", user).header("region", "eu").await?;
    /// if receipt.is_unroutable() {
    ///     println!("nobody wants to know");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish<T: Serialize>(&self, topic: &str, routing_key: &str, payload: T) -> Publish<T> {
        Publish { message: Message::new(self, topic, routing_key), payload }
    }

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

impl<T: Serialize> IntoFuture for Publish<T> {
    type Output = Result<Receipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Receipt>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { message, payload } = self;
        let messages = message.messages(std::slice::from_ref(&payload));
        let (client, durability) = (message.client, message.durability);
        Box::pin(async move {
            let (topic, messages) = messages?;
            let receipts =
                client.publishers().get(&topic, durability, &client).send(messages).await?;
            receipts.into_iter().next().ok_or(Error::Closed)
        })
    }
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
            let publisher = client.publishers().get(&topic, durability, &client);
            let mut published = Vec::with_capacity(messages.len());
            let mut messages = messages.into_iter();
            let parcels = std::iter::from_fn(move || {
                let parcel: Vec<Outgoing> = messages.by_ref().take(PARCEL).collect();
                (!parcel.is_empty()).then_some(parcel)
            });
            let calls = parcels.map(|parcel| publisher.send(parcel));
            let mut calls = stream::iter(calls).buffered(PARCELS);
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

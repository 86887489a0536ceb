//! The options of a publish, and the messages that it makes of payloads.

use bytes::Bytes;
use serde::Serialize;

use super::publisher::Outgoing;
use crate::{
    client::Client,
    clock,
    error::Result,
    job::{Codec, JobId, JobOptions, Origin, Priority, QueueName, Record, TraceContext},
    policy::RoutingKey,
    store::{Durability, topic::NewMessage},
    value_error::{Invalid, PayloadError, TooLarge},
};

/// The options of a publish.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) client: Client,
    topic: Result<QueueName, Invalid>,
    key: Result<RoutingKey, Invalid>,
    pub(super) codec: Codec,
    pub(super) priority: Result<Priority, Invalid>,
    /// Of each copy: its headers, tags, version and group.
    pub(super) options: JobOptions,
    /// The trace that the message continues, if its headers name none.
    trace: Option<TraceContext>,
    pub(super) durability: Durability,
}

impl Message {
    pub(super) fn new(client: &Client, topic: &str, key: &str) -> Self {
        Self {
            client: client.clone(),
            topic: topic.parse(),
            key: key.parse(),
            codec: client.codec(),
            priority: Ok(Priority::default()),
            options: JobOptions::default(),
            trace: client.trace(),
            durability: Durability::default(),
        }
    }

    /// The messages with these payloads, and their topic.
    pub(super) fn messages<T: Serialize>(
        &self,
        payloads: &[T],
    ) -> Result<(QueueName, Vec<Outgoing>)> {
        let (topic, key) = (self.topic.clone()?, self.key.clone()?);
        let origin = Origin { topic: topic.clone(), routing_key: key.as_str().to_owned() };
        let mut options = JobOptions {
            priority: self.priority.clone()?,
            origin: Some(origin),
            ..self.options.clone()
        };
        if let Some(trace) = &self.trace {
            trace.send(&mut options.headers);
        }
        let headers = options.headers.clone();
        options.validate()?;
        let mut record = Record {
            name: key.as_str().parse()?,
            codec: self.codec,
            payload: Bytes::new(),
            created_at: clock::now(),
            options,
        };
        let limit = self.client.max_payload();
        let message = |payload| {
            let payload = self.codec.encode(payload)?;
            if payload.len() > limit {
                let what = format!("the message to topic {topic}");
                return Err(PayloadError::from(TooLarge::sent(what, payload.len(), limit)));
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
        /// A value beside the payload: for filters, and for
        /// [`Context::header`](crate::Context::header). A `traceparent` wins over the
        /// [trace](crate::trace::TraceContext) that the message would continue.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.message.options.headers.insert(name.into(), value.into());
            self
        }

        /// A word by which the copies are [found](crate::find::JobFilter::tag) in their queues, such
        /// as `customer:42`. At most 16, of 128 bytes without spaces each; none by default.
        pub fn tag(mut self, tag: impl Into<String>) -> Self {
            self.message.options.tags.insert(tag.into());
            self
        }

        /// The group of the copies in their queues, which are shared fairly among groups; see
        /// [`Add::group`](crate::Add::group). None by default.
        pub fn group(mut self, group: impl Into<String>) -> Self {
            self.message.options.group = Some(group.into());
            self
        }

        /// A key of which at most `per_key` copies are active at once in each queue, over all workers;
        /// see [`Add::concurrency_key`](crate::Add::concurrency_key). None by default, and at most 4.
        pub fn concurrency_key(mut self, key: impl Into<String>, per_key: u32) -> Self {
            self.message.options.concurrency_keys.insert(key.into(), per_key);
            self
        }

        /// The version of the payload, for types with versions: `.version(Order::VERSION)`. A
        /// handler reads a message without one as the newest version that it knows, and if that
        /// fails, as the first. See [`Payload`](crate::Payload).
        pub fn version(mut self, version: u32) -> Self {
            self.message.options.version = Some(version);
            self
        }

        /// The priority of the copies in their queues: -1024 (first) to 1023 (last), 0 by default.
        pub fn priority(mut self, priority: i16) -> Self {
            self.message.priority = priority.try_into();
            self
        }

        /// The codec of the payload; the client's by default, which is MessagePack. Subscribers
        /// read any.
        pub fn codec(mut self, codec: Codec) -> Self {
            self.message.codec = codec;
            self
        }

        /// The confirmation that the publish waits for; the server's acknowledgement by default.
        pub fn durability(mut self, durability: Durability) -> Self {
            self.message.durability = durability;
            self
        }
    };
}
pub(super) use message_setters;

//! What a test's client has sent.

use serde::de::DeserializeOwned;

use crate::{
    client::{SentJob, SentMessage},
    error::Result,
    job::{JobId, JobName, QueueName, Record},
};

/// A job that was added.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sent {
    /// The queue that it was added to.
    pub queue: QueueName,
    /// Its id.
    pub id: JobId,
    /// Its name, payload and options, if they can be read.
    pub record: Option<Record>,
}

impl Sent {
    pub(super) fn new(queue: &QueueName, job: SentJob) -> Self {
        let record = Record::decode(&job.record).ok();
        Self { queue: queue.clone(), id: job.id, record }
    }

    /// The job's name.
    #[must_use]
    pub fn name(&self) -> Option<&JobName> {
        self.record.as_ref().map(|record| &record.name)
    }
}

/// A message that was published.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Published {
    /// The topic.
    pub topic: QueueName,
    /// The routing key.
    pub routing_key: String,
    /// The payload, with its headers among the options.
    pub record: Record,
}

impl Published {
    pub(super) fn new(message: SentMessage) -> Self {
        let SentMessage { topic, record } = message;
        let key = record.options.origin.as_ref().map(|origin| origin.routing_key.clone());
        Self { topic, routing_key: key.unwrap_or_default(), record }
    }

    /// The payload, as this type; as [`Value`](crate::types::Value), whatever it is.
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(self.record.payload()?)
    }
}

//! What an add says, gathered until it is awaited.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    client::Client,
    error::Result,
    job::{Codec, JobId, JobName, JobOptions, Record, TraceContext},
    queue::Queue,
    store::{
        Durability, QueueStore,
        job::{Due, NewJob, Unique},
    },
    value_error::{Invalid, PayloadError, TooLarge},
};

/// What an add, or each of many, says.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) client: Client,
    pub(crate) store: QueueStore,
    pub(crate) name: JobName,
    codec: Codec,
    pub(crate) options: JobOptions,
    priority: Option<i16>,
    due: Due,
    unique: Option<Unique>,
    ttl: Option<Duration>,
    pub(crate) durability: Durability,
    /// What the job goes on with, unless a header says otherwise.
    trace: Option<TraceContext>,
}

/// The longest key of a unique job, in bytes.
const MAX_KEY: usize = 256;

impl Request {
    pub(crate) fn new(client: Client, store: QueueStore, name: JobName, codec: Codec) -> Self {
        Self {
            trace: client.trace(),
            client,
            store,
            name,
            codec,
            options: JobOptions::default(),
            priority: None,
            due: Due::Now,
            unique: None,
            ttl: None,
            durability: Durability::default(),
        }
    }

    pub(crate) fn queue(&self) -> Queue {
        Queue::new(self.client.clone(), self.store.name())
    }

    /// Checks what the setters took without a word, once for all jobs of the request.
    pub(crate) fn checked(mut self) -> Result<Self, Invalid> {
        if let Some(priority) = self.priority {
            self.options.priority = priority.try_into()?;
        }
        if let Some(trace) = &self.trace {
            trace.send(&mut self.options.headers);
        }
        self.options.validate()?;
        if self.ttl.is_some_and(|ttl| ttl.is_zero()) {
            return Err(Invalid::new(
                "ttl",
                Duration::ZERO,
                "leave it out for a job that never expires",
            ));
        }
        if let Some(unique) = &self.unique
            && (unique.key.is_empty() || unique.key.len() > MAX_KEY)
        {
            return Err(Invalid::new("unique key", &unique.key, "use 1 to 256 bytes"));
        }
        Ok(self)
    }

    /// One job of the request, which must have been [checked](Self::checked).
    pub(crate) fn job(
        &self,
        payload: Vec<u8>,
        id: Option<JobId>,
        created_at: DateTime<Utc>,
    ) -> Result<NewJob, PayloadError> {
        let limit = self.client.max_payload();
        if payload.len() > limit {
            let what = format!("the payload of job {}", self.name);
            return Err(TooLarge::sent(what, payload.len(), limit).into());
        }
        let mut options = self.options.clone();
        options.due_at = self.due_at(created_at);
        let record = Record {
            name: self.name.clone(),
            codec: self.codec,
            payload: Bytes::from(payload),
            created_at,
            options,
        };
        Ok(NewJob {
            chosen_id: id.is_some(),
            id: id.unwrap_or_else(JobId::generate),
            record: record.encode(),
            priority: self.options.priority,
            due: self.due,
            unique: self.unique.clone(),
            ttl: self.ttl,
        })
    }

    /// When the job is due, for whoever measures how long it waited from then on.
    fn due_at(&self, created_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.due {
            Due::Now => None,
            Due::In(delay) => created_at.checked_add_signed(TimeDelta::from_std(delay).ok()?),
            Due::At(ms) => DateTime::from_timestamp_millis(ms).filter(|due| *due > created_at),
        }
    }

    pub(crate) fn set_priority(&mut self, priority: i16) {
        self.priority = Some(priority);
    }

    pub(crate) fn set_due(&mut self, due: Due) {
        self.due = due;
    }

    /// Unless something was said.
    pub(crate) fn default_ttl(&mut self, ttl: Duration) {
        self.ttl.get_or_insert(ttl);
    }

    pub(crate) fn set_ttl(&mut self, ttl: Duration) {
        self.ttl = Some(ttl);
    }

    pub(crate) fn set_unique(&mut self, key: String, lifetime: Option<Duration>) {
        self.unique = Some(Unique { key, lifetime });
    }

    pub(crate) fn headers(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.options.headers
    }
}

/// The setters of whatever adds jobs.
macro_rules! request_setters {
    () => {
        /// -1024 (first) to 1023 (last); the handler's by default, which is 0.
        pub fn priority(self, priority: i16) -> Self {
            self.set(|request| request.set_priority(priority))
        }

        /// How long the job may wait for its first run, counted by the server's clock from when it is due; the
        /// handler's, then the queue's by default, which is for ever. One that waits longer
        /// [expires](crate::error::FailureReason::Expired): it fails without being run, and goes to the
        /// dead-letter queue if there is one. Once it was handed out, it doesn't expire any more.
        pub fn ttl(self, ttl: Duration) -> Self {
            self.set(|request| request.set_ttl(ttl))
        }

        /// How often the job may run before it fails for good; the handler's by default.
        pub fn attempts(self, attempts: u32) -> Self {
            self.set(|request| request.options.attempts = Some(attempts))
        }

        /// The wait before the next attempt; the handler's by default. A custom one can't travel.
        pub fn backoff(self, backoff: Backoff) -> Self {
            self.set(|request| request.options.backoff = Some(backoff))
        }

        /// What is kept when the job completes; the handler's, then the worker's by default.
        pub fn retain(self, retain: Retain) -> Self {
            self.set(|request| request.options.retain = Some(retain))
        }

        /// What is kept when the job fails for good; the handler's, then the worker's by default.
        pub fn retain_failed(self, retain: Retain) -> Self {
            self.set(|request| request.options.retain_failed = Some(retain))
        }

        /// The version that the payload is of, for adds by name; the payload type's by default, which is 1 if
        /// that says none. See [`Payload`](crate::Payload).
        pub fn version(self, version: u32) -> Self {
            self.set(|request| request.options.version = Some(version))
        }

        /// Something that travels beside the payload, for [`Context::header`](crate::Context::header). A
        /// `traceparent` wins over the [trace](crate::trace::TraceContext) that the add would go on with.
        pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.set(|request| {
                request.headers().insert(name.into(), value.into());
            })
        }

        /// What the add waits for before it counts; the server's acknowledgement by default.
        pub fn durability(self, durability: Durability) -> Self {
            self.set(|request| request.durability = durability)
        }
    };
}
pub(crate) use request_setters;

/// The setters that adding one and adding many have beyond those of a call, which waits.
macro_rules! add_setters {
    () => {
        /// Runs the job no earlier than in so long. It waits in `delayed` until then.
        pub fn delay(self, delay: Duration) -> Self {
            self.set(|request| request.set_due(Due::In(delay)))
        }

        /// Runs the job no earlier than at this time, by the server's clock; at once if it has passed.
        pub fn at(self, time: DateTime<Utc>) -> Self {
            self.set(|request| request.set_due(Due::At(time.timestamp_millis())))
        }

        /// How long a run may take; the handler's by default.
        pub fn timeout(self, timeout: Duration) -> Self {
            self.set(|request| request.options.timeout = Some(timeout))
        }
    };
}
pub(crate) use add_setters;

//! The options of an add, until it is awaited.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    client::Client,
    error::Result,
    job::{Codec, JobId, JobName, JobOptions, Record, TraceContext, UniqueKey},
    queue::Queue,
    store::{
        Durability, QueueStore,
        job::{Due, NewJob},
    },
    value_error::{Invalid, PayloadError, TooLarge},
};

/// When a job is due, and how long it may then wait for its first run.
#[derive(Clone, Copy, Debug)]
struct Timing {
    due: Due,
    ttl: Option<Duration>,
}

/// The options of one add, or of all jobs of one that adds many.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) client: Client,
    pub(crate) store: QueueStore,
    pub(crate) name: JobName,
    codec: Codec,
    pub(crate) options: JobOptions,
    priority: Option<i16>,
    timing: Timing,
    unique: Option<UniqueKey>,
    pub(crate) durability: Durability,
    /// The trace that the job continues, unless a header names another.
    trace: Option<TraceContext>,
}

/// The longest key of a unique job, in bytes.
const MAX_KEY: usize = 256;

impl Queue {
    /// A request for a job of this name.
    pub(crate) fn request(&self, name: &str) -> Result<Request, Invalid> {
        let codec = self.client().codec();
        Ok(Request::new(self.client().clone(), self.store().clone(), name.parse()?, codec))
    }
}

impl Request {
    pub(super) fn new(client: Client, store: QueueStore, name: JobName, codec: Codec) -> Self {
        Self {
            trace: client.trace(),
            client,
            store,
            name,
            codec,
            options: JobOptions::default(),
            priority: None,
            timing: Timing { due: Due::Now, ttl: None },
            unique: None,
            durability: Durability::default(),
        }
    }

    pub(super) fn queue(&self) -> Queue {
        Queue::new(self.client.clone(), self.store.clone())
    }

    /// Checks what the setters took unchecked, once for all jobs of the request.
    pub(crate) fn checked(mut self) -> Result<Self, Invalid> {
        if let Some(priority) = self.priority {
            self.options.priority = priority.try_into()?;
        }
        if let Some(trace) = &self.trace {
            trace.send(&mut self.options.headers);
        }
        self.options.validate()?;
        if self.timing.ttl.is_some_and(|ttl| ttl.is_zero()) {
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
        // So that a job which comes back to its queue takes its place there again.
        options.ttl = self.timing.ttl;
        options.unique.clone_from(&self.unique);
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
            due: self.timing.due,
            unique: self.unique.clone(),
            ttl: self.timing.ttl,
        })
    }

    /// When the job is due: a worker counts from then on how long it has waited.
    fn due_at(&self, created_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.timing.due {
            Due::Now => None,
            Due::In(delay) => created_at.checked_add_signed(TimeDelta::from_std(delay).ok()?),
            Due::At(ms) => DateTime::from_timestamp_millis(ms).filter(|due| *due > created_at),
        }
    }

    pub(crate) fn set_priority(&mut self, priority: i16) {
        self.priority = Some(priority);
    }

    pub(crate) fn set_due(&mut self, due: Due) {
        self.timing.due = due;
    }

    /// Sets the time to live, unless it has been set.
    pub(crate) fn default_ttl(&mut self, ttl: Duration) {
        self.timing.ttl.get_or_insert(ttl);
    }

    pub(crate) fn set_ttl(&mut self, ttl: Duration) {
        self.timing.ttl = Some(ttl);
    }

    pub(crate) fn set_unique(&mut self, key: String, lifetime: Option<Duration>) {
        self.unique = Some(UniqueKey::new(key, lifetime));
    }

    pub(crate) fn headers(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.options.headers
    }
}

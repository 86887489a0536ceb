//! The options of an add, until it is awaited.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    client::Client,
    error::Result,
    job::{
        Codec, ConcurrencyKeys, Deadline, Job, JobId, JobName, JobOptions, Record, TraceContext,
        Unique,
    },
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
    unique: Option<Unique>,
    pub(crate) durability: Durability,
    /// The trace that the job continues, unless a header names another.
    trace: Option<TraceContext>,
}

/// What one job of a request carries.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) payload: Vec<u8>,
    /// The key that its handler makes of the payload.
    pub(crate) unique: Option<Unique>,
    /// The group that it makes of it.
    group: Option<String>,
    /// The keys that it makes of it.
    keys: ConcurrencyKeys,
}

impl Content {
    /// A payload that a handler's declaration knows.
    pub(crate) fn of<J: Job>(codec: Codec, payload: &J::Payload) -> Result<Self, PayloadError> {
        Ok(Self { unique: J::unique(payload)?, ..Self::of_call::<J>(codec, payload)? })
    }

    /// The same for a call. Each is one of its own, so it has no unique key.
    pub(crate) fn of_call<J: Job>(
        codec: Codec,
        payload: &J::Payload,
    ) -> Result<Self, PayloadError> {
        let (group, keys) = (J::group(payload)?, J::concurrency_keys(payload)?);
        Ok(Self { payload: codec.encode(payload)?, unique: None, group, keys })
    }

    /// A payload of which nothing is known.
    pub(crate) fn plain(payload: Vec<u8>) -> Self {
        Self { payload, unique: None, group: None, keys: ConcurrencyKeys::new() }
    }
}

/// When a job is due: a worker counts from then on how long it has waited.
fn due_at(due: Due, created_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match due {
        Due::Now => None,
        Due::In(delay) => created_at.checked_add_signed(TimeDelta::from_std(delay).ok()?),
        Due::At(ms) => DateTime::from_timestamp_millis(ms).filter(|due| *due > created_at),
    }
}

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

    /// The same for jobs that belong to no trace of this program.
    pub(crate) fn untraced(mut self) -> Self {
        self.trace = None;
        self
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
        if let Some(unique) = &self.unique {
            unique.validate()?;
        }
        Ok(self)
    }

    /// One job of the request, which must have been [checked](Self::checked).
    pub(crate) fn job(
        &self,
        content: Content,
        id: Option<JobId>,
        created_at: DateTime<Utc>,
    ) -> Result<NewJob, PayloadError> {
        let Content { payload, unique, group, keys } = content;
        let unique = self.unique.clone().or(unique);
        let limit = self.client.max_payload();
        if payload.len() > limit {
            let what = format!("the payload of job {}", self.name);
            return Err(TooLarge::sent(what, payload.len(), limit).into());
        }
        let mut options = self.options.clone();
        let due = match (self.timing.due, unique.as_ref().and_then(Unique::first_delay)) {
            (Due::Now, Some(delay)) => Due::In(delay),
            (due, _) => due,
        };
        options.due_at = due_at(due, created_at);
        // So that a job which comes back to its queue takes its place there again.
        options.ttl = self.timing.ttl;
        options.unique.clone_from(&unique);
        options.group = options.group.or(group);
        for (key, per_key) in keys {
            options.concurrency_keys.entry(key).or_insert(per_key);
        }
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
            due,
            unique: unique.as_ref().map(|unique| unique.claim(&self.name)),
            ttl: record.time_to_live(),
            tags: record.options.tag_lines(),
        })
    }

    pub(crate) fn set_priority(&mut self, priority: i16) {
        self.priority = Some(priority);
    }

    pub(crate) fn set_due(&mut self, due: Due) {
        self.timing.due = due;
    }

    pub(crate) fn set_deadline(&mut self, deadline: Deadline) {
        self.options.deadline = Some(deadline);
    }

    /// Sets the time to live, unless it has been set.
    pub(crate) fn default_ttl(&mut self, ttl: Duration) {
        self.timing.ttl.get_or_insert(ttl);
    }

    pub(crate) fn set_ttl(&mut self, ttl: Duration) {
        self.timing.ttl = Some(ttl);
    }

    pub(crate) fn set_unique(&mut self, unique: Unique) {
        self.unique = Some(unique);
    }

    pub(crate) fn add_tag(&mut self, tag: String) {
        self.options.tags.insert(tag);
    }

    pub(crate) fn headers(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.options.headers
    }
}

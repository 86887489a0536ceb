//! The options of one job, beside its name and payload.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    concurrency_keys::validate_keys, deadline::Deadline, group::validate_group, name::QueueName,
    priority::Priority, reply_address::ReplyAddress, scheduled::Scheduled, tags::validate_tags,
    unique::Unique,
};
use crate::{
    policy::{Backoff, Retain},
    value_error::Invalid,
};

/// The options that a job was added with. For one that is missing the handler's counts, and then
/// the worker's default.
///
/// They are part of a job's [`Record`](super::Record), which never changes once the job is added.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JobOptions {
    /// How many attempts the job has before it fails for good.
    pub attempts: Option<u32>,
    /// The wait before the next attempt.
    pub backoff: Option<Backoff>,
    /// How long a run may take.
    #[serde(rename = "timeout_ms", serialize_with = "crate::json::maybe_millis")]
    pub timeout: Option<Duration>,
    /// The priority it was added with; a later change isn't seen here.
    pub priority: Priority,
    /// What is kept when it completes.
    pub retain: Option<Retain>,
    /// What is kept when it fails for good.
    pub retain_failed: Option<Retain>,
    /// When it was first due, if it was added with a delay; a later change isn't seen here. A delay
    /// counts by the producer's clock.
    pub due_at: Option<DateTime<Utc>>,
    /// How long it may wait for its first run once it is due, if the add or its handler said so.
    #[serde(rename = "ttl_ms", serialize_with = "crate::json::maybe_millis")]
    pub ttl: Option<Duration>,
    /// The key under which nothing else is added.
    pub unique: Option<Unique>,
    /// When it ends at the latest, whatever its attempts.
    pub deadline: Option<Deadline>,
    /// For how long after it was due it is tried again.
    #[serde(rename = "retry_for_ms", serialize_with = "crate::json::maybe_millis")]
    pub retry_for: Option<Duration>,
    /// How often it may be snoozed before it fails for good.
    pub snoozes: Option<u32>,
    /// The version of the payload; 1 if it is missing.
    pub version: Option<u32>,
    /// Headers beside the payload: trace context, tenant.
    pub headers: BTreeMap<String, String>,
    /// Words by which it is found.
    pub tags: BTreeSet<String>,
    /// The group that it takes its turns in.
    pub group: Option<String>,
    /// Keys that it needs room of, each with how many jobs of it may be active at once.
    pub concurrency_keys: BTreeMap<String, u32>,
    /// Where the reply goes, if a caller waits for one.
    #[serde(skip)]
    pub(crate) reply_to: Option<ReplyAddress>,
    /// The topic that it was published to; `None` if it was added.
    pub origin: Option<Origin>,
    /// The schedule that it comes from, and its tick.
    pub schedule: Option<Scheduled>,
}

/// Where a published message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Origin {
    /// The topic.
    pub topic: QueueName,
    /// What the message is about.
    pub routing_key: String,
}

/// The most bytes of headers, names and values together: they are no place for payloads.
const MAX_HEADER_BYTES: usize = 16 * 1024;

impl JobOptions {
    /// Whether there is none, but for the group and the keys, which stand by themselves in a record.
    pub(crate) fn is_plain(&self) -> bool {
        if self.group.is_none() && self.concurrency_keys.is_empty() {
            return *self == Self::default();
        }
        let options = self.clone();
        Self { group: None, concurrency_keys: BTreeMap::new(), ..options } == Self::default()
    }

    /// Checks what no type could.
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.attempts == Some(0) {
            return Err(Invalid::new(
                "attempts",
                0,
                "use 1 or more, since the first run counts as one",
            ));
        }
        if self.retry_for.is_some_and(|time| time.is_zero()) {
            return Err(Invalid::new(
                "retry_for",
                Duration::ZERO,
                "use `attempts(1)` for no retry",
            ));
        }
        if self.deadline == Some(Deadline::In(Duration::ZERO)) {
            let advice = "leave it out for a job without one";
            return Err(Invalid::new("deadline", Duration::ZERO, advice));
        }
        if self.version == Some(0) {
            return Err(Invalid::new("version", 0, "use 1 or more, since 1 is the first"));
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(Invalid::new("timeout", Duration::ZERO, "leave it out for no limit"));
        }
        for retain in [self.retain, self.retain_failed].into_iter().flatten() {
            retain.validate()?;
        }
        if let Some(backoff) = &self.backoff {
            backoff.validate()?;
            if backoff.is_custom() {
                return Err(Invalid::setup(
                    "a job can't carry a custom backoff, which is a function",
                    "declare it on the handler",
                ));
            }
        }
        let odd = |name: &&String| name.is_empty() || name.chars().any(char::is_control);
        if let Some(name) = self.headers.keys().find(odd) {
            let advice = "use a text without control characters, such as \"tenant\"";
            return Err(Invalid::new("header name", name, advice));
        }
        validate_tags(self.tags.iter().map(String::as_str))?;
        self.group.as_deref().map_or(Ok(()), validate_group)?;
        validate_keys(&self.concurrency_keys)?;
        let size: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > MAX_HEADER_BYTES {
            let problem = format!("the headers have {size} bytes");
            return Err(Invalid::setup(problem, "use at most 16 KiB"));
        }
        Ok(())
    }

    /// Its tags, a line each, as the scripts keep them.
    pub(crate) fn tag_lines(&self) -> Option<String> {
        let lines = || self.tags.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        (!self.tags.is_empty()).then(lines)
    }
}

//! The written form of options and failures. Short names, absent when unsaid: a job without
//! options costs no byte for them. Names unknown to this version are skipped when read.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::{
    deadline::Deadline,
    job_failure::{FailureReason, JobFailure},
    name::QueueName,
    options::{JobOptions, Origin},
    priority::Priority,
    reply_address::ReplyAddress,
    scheduled::{ScheduleId, Scheduled},
    unique::Unique,
};
use crate::policy::{Backoff, BackoffParts, Retain, whole_millis};

/// Options as they stand in a record.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct WireOptions {
    #[serde(rename = "a", skip_serializing_if = "Option::is_none", default)]
    attempts: Option<u32>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none", default)]
    backoff: Option<BackoffParts>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none", default)]
    timeout_ms: Option<u64>,
    #[serde(rename = "p", skip_serializing_if = "is_zero", default)]
    priority: i16,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none", default)]
    retain: Option<WireRetain>,
    #[serde(rename = "f", skip_serializing_if = "Option::is_none", default)]
    retain_failed: Option<WireRetain>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none", default)]
    due_ms: Option<i64>,
    #[serde(rename = "l", skip_serializing_if = "Option::is_none", default)]
    ttl_ms: Option<u64>,
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    deadline_ms: Option<i64>,
    #[serde(rename = "x", skip_serializing_if = "Option::is_none", default)]
    deadline_in_ms: Option<u64>,
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    retry_for_ms: Option<u64>,
    #[serde(rename = "z", skip_serializing_if = "Option::is_none", default)]
    snoozes: Option<u32>,
    #[serde(rename = "u", skip_serializing_if = "Option::is_none", default)]
    unique: Option<WireUnique>,
    #[serde(rename = "v", skip_serializing_if = "Option::is_none", default)]
    version: Option<u32>,
    #[serde(rename = "h", skip_serializing_if = "BTreeMap::is_empty", default)]
    headers: BTreeMap<String, String>,
    #[serde(rename = "g", skip_serializing_if = "BTreeSet::is_empty", default)]
    tags: BTreeSet<String>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none", default)]
    reply_to: Option<ReplyAddress>,
    #[serde(rename = "o", skip_serializing_if = "Option::is_none", default)]
    origin: Option<WireOrigin>,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    schedule: Option<WireScheduled>,
}

/// An origin as it stands in a record.
#[derive(Serialize, Deserialize)]
struct WireOrigin {
    #[serde(rename = "t")]
    topic: QueueName,
    #[serde(rename = "k")]
    routing_key: String,
}

impl From<&Origin> for WireOrigin {
    fn from(origin: &Origin) -> Self {
        Self { topic: origin.topic.clone(), routing_key: origin.routing_key.clone() }
    }
}

impl From<WireOrigin> for Origin {
    fn from(WireOrigin { topic, routing_key }: WireOrigin) -> Self {
        Self { topic, routing_key }
    }
}

/// A schedule, then its tick in ms.
type WireScheduled = (ScheduleId, Option<i64>);

/// A key, then its rule.
type WireUnique = (String, String);

/// A count, then an age in ms.
type WireRetain = (Option<u64>, Option<u64>);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(value: &i16) -> bool {
    *value == 0
}

impl From<&JobOptions> for WireOptions {
    fn from(options: &JobOptions) -> Self {
        let retain = |retain: Retain| (retain.max_count(), retain.max_age().map(whole_millis));
        Self {
            attempts: options.attempts,
            backoff: options.backoff.and_then(|backoff| backoff.to_parts()),
            timeout_ms: options.timeout.map(whole_millis),
            priority: options.priority.get(),
            retain: options.retain.map(retain),
            retain_failed: options.retain_failed.map(retain),
            due_ms: options.due_at.map(|due| due.timestamp_millis()),
            ttl_ms: options.ttl.map(whole_millis),
            deadline_ms: match options.deadline {
                Some(Deadline::At(end)) => Some(end.timestamp_millis()),
                _ => None,
            },
            deadline_in_ms: match options.deadline {
                Some(Deadline::In(time)) => Some(whole_millis(time)),
                _ => None,
            },
            retry_for_ms: options.retry_for.map(whole_millis),
            snoozes: options.snoozes,
            unique: options.unique.as_ref().map(|unique| (unique.key.clone(), unique.rule())),
            version: options.version,
            headers: options.headers.clone(),
            tags: options.tags.clone(),
            reply_to: options.reply_to.clone(),
            origin: options.origin.as_ref().map(WireOrigin::from),
            schedule: options.schedule.as_ref().map(|scheduled| {
                (scheduled.id.clone(), scheduled.tick.map(|tick| tick.timestamp_millis()))
            }),
        }
    }
}

impl From<WireOptions> for JobOptions {
    fn from(wire: WireOptions) -> Self {
        let retain =
            |(count, age): WireRetain| Retain::from_parts(count, age.map(Duration::from_millis));
        Self {
            attempts: wire.attempts.map(|attempts| attempts.max(1)),
            backoff: wire.backoff.map(Backoff::from_parts),
            timeout: wire.timeout_ms.map(Duration::from_millis),
            // The number is there for people to read; what orders the queue is in the queue.
            priority: Priority::try_from(wire.priority).unwrap_or_default(),
            retain: wire.retain.map(retain),
            retain_failed: wire.retain_failed.map(retain),
            due_at: wire.due_ms.and_then(DateTime::from_timestamp_millis),
            ttl: wire.ttl_ms.map(Duration::from_millis),
            deadline: match (wire.deadline_in_ms, wire.deadline_ms) {
                (Some(ms), _) => Some(Deadline::In(Duration::from_millis(ms))),
                (None, ms) => ms.and_then(DateTime::from_timestamp_millis).map(Deadline::At),
            },
            retry_for: wire.retry_for_ms.map(Duration::from_millis),
            snoozes: wire.snoozes,
            unique: wire.unique.map(|(key, rule)| Unique::of_rule(key, &rule)),
            version: wire.version.map(|version| version.max(1)),
            headers: wire.headers,
            tags: wire.tags,
            // These stand beside the options.
            group: None,
            concurrency_keys: BTreeMap::new(),
            reply_to: wire.reply_to,
            origin: wire.origin.map(Origin::from),
            schedule: wire.schedule.map(|(id, tick)| {
                Scheduled::new(id, tick.and_then(DateTime::from_timestamp_millis))
            }),
        }
    }
}

/// A failure as it stands in an outcome or in a job's list of errors.
#[derive(Serialize, Deserialize)]
pub(super) struct WireFailure {
    #[serde(rename = "r")]
    reason: String,
    #[serde(rename = "m")]
    message: String,
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty", default)]
    causes: Vec<String>,
    #[serde(rename = "n")]
    attempt: u32,
}

impl From<&JobFailure> for WireFailure {
    fn from(failure: &JobFailure) -> Self {
        Self {
            reason: failure.reason.as_str().to_owned(),
            message: failure.message.clone(),
            causes: failure.causes.clone(),
            attempt: failure.attempt,
        }
    }
}

impl From<WireFailure> for JobFailure {
    fn from(wire: WireFailure) -> Self {
        Self {
            reason: FailureReason::from_name(&wire.reason),
            message: wire.message,
            causes: wire.causes,
            attempt: wire.attempt,
        }
    }
}

//! A job and a queue as they stand at one moment.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer, de::DeserializeOwned};

use super::{
    cancel_reason::CancelReason,
    codec::Codec,
    id::{JobId, WorkerId},
    job_failure::JobFailure,
    last_run::LastRun,
    outcome::Outcome,
    record::Record,
    state::JobState,
};
use crate::value_error::PayloadError;

/// All that is known of a job at one moment: see [`JobHandle::info`](crate::JobHandle::info).
///
/// Serialized, for a dashboard or an endpoint of your own, it has the names of its fields:
///
/// ```json
/// {
///   "id": "01J…", "state": "failed",
///   "record": {
///     "name": "charge", "codec": "messagepack", "payload": {"order": 7},
///     "created_at": "2026-01-02T03:04:05Z", "options": {"attempts": 3, "timeout_ms": 30000, …}
///   },
///   "attempts_made": 3, "snoozes": 0, "stalls": 0, "misses": 0, "priority": 0,
///   "due_at": null, "started_at": null, "worker": null, "finished_at": "2026-01-02T03:05:00Z",
///   "progress": 0.5, "cancel_requested": null,
///   "outcome": {
///     "kind": "failed",
///     "failure": {"reason": "timeout", "message": "…", "causes": [], "attempt": 3}
///   },
///   "last_run": {
///     "by": "api-3:812 billing 2.4.1", "started_at": "2026-01-02T03:04:30Z",
///     "waited_ms": null, "ran_ms": 30000
///   },
///   "errors": [{"reason": "error", "message": "…", "causes": [], "attempt": 2}, …]
/// }
/// ```
///
/// Payload, progress and result are JSON values; `null` where they can't be read.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// Its state.
    pub state: JobState,
    /// Its name, payload and options, as they were added.
    pub record: Record,
    /// Attempts that ended in an error so far, the last one of a failed job among them.
    pub attempts_made: u32,
    /// How often it was [snoozed](crate::Failure::snooze).
    pub snoozes: u32,
    /// How often its worker died or lost its lease while running it.
    pub stalls: u32,
    /// How often it went back since the worker that had fetched it knew no handler for its name and
    /// version, or a result of its steps. 0 unless it is [delayed](JobState::Delayed).
    pub misses: u32,
    /// Its priority now, which may have been changed since it was added.
    pub priority: i16,
    /// When it is due, if it is delayed. `None` if it runs after another job of its
    /// [unique](crate::Unique) key.
    pub due_at: Option<DateTime<Utc>>,
    /// When its present run was fetched, if it is active.
    pub started_at: Option<DateTime<Utc>>,
    /// The worker that runs it, if it is active; `by-hand` if it was [received](crate::receive).
    pub worker: Option<WorkerId>,
    /// When it ended, if it has.
    pub finished_at: Option<DateTime<Utc>>,
    /// The newest progress that its handler reported, in MessagePack; see
    /// [`progress`](Self::progress).
    #[serde(serialize_with = "progress_as_json")]
    pub progress: Option<Bytes>,
    /// By whom its run was told to stop and why, if it is active and was cancelled: it has not
    /// ended yet.
    pub cancel_requested: Option<CancelReason>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// Who ran it last, when, and for how long, if it has completed or failed by a run of a worker;
    /// not if it was [received](crate::receive), runs at most once, or ended under an older version
    /// of this library.
    pub last_run: Option<LastRun>,
    /// The newest failed attempts, newest first; at most 10.
    pub errors: Vec<JobFailure>,
}

impl JobInfo {
    /// The payload, as this type; as [`Value`](crate::types::Value), whatever it is.
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.record.payload()
    }

    /// The result, as this type; `None` if it hasn't completed, or its result isn't kept. For any
    /// type there is [`Value`](crate::types::Value), as for [`payload`](Self::payload).
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn result<T: DeserializeOwned>(&self) -> Result<Option<T>, PayloadError> {
        let Some(Outcome::Completed { codec, result }) = &self.outcome else { return Ok(None) };
        let read = codec.decode(result).map(Some);
        read.map_err(|error| error.reading(format_args!("result of job {}", self.id)))
    }

    /// The newest progress that its handler reported, as this type; `None` if it reported none.
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn progress<T: DeserializeOwned>(&self) -> Result<Option<T>, PayloadError> {
        self.progress.as_ref().map(|bytes| Codec::MessagePack.decode(bytes)).transpose()
    }
}

/// Writes a progress as JSON.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(crate) fn progress_as_json<S: Serializer>(
    progress: &Option<Bytes>,
    to: S,
) -> Result<S::Ok, S::Error> {
    progress.as_ref().and_then(|bytes| Codec::MessagePack.to_json(bytes)).serialize(to)
}

/// How many jobs a queue has in each state, and its totals.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueCounts {
    /// Ready to run.
    pub waiting: u64,
    /// Not due yet.
    pub delayed: u64,
    /// Waiting for their [children](crate::Context::spawn_children).
    pub waiting_children: u64,
    /// Held by workers, or out by hand.
    pub active: u64,
    /// Completed and kept.
    pub completed: u64,
    /// Failed and kept.
    pub failed: u64,
    /// Cancelled and kept.
    pub cancelled: u64,
    /// Whether fetching is paused.
    pub paused: bool,
    /// Workers whose lease holds, and receives that wait; all jobs that are out by hand count as
    /// those of one more.
    pub workers: u64,
    /// Jobs added since the queue exists.
    pub total_added: u64,
    /// Jobs completed since the queue exists.
    pub total_completed: u64,
    /// Jobs failed for good since the queue exists.
    pub total_failed: u64,
    /// Jobs cancelled since the queue exists.
    pub total_cancelled: u64,
    /// Effects on other queues that are on their way, such as dead letters.
    pub effects: u64,
}

impl QueueCounts {
    /// How many jobs are in a state.
    #[must_use]
    pub fn of(&self, state: JobState) -> u64 {
        match state {
            JobState::Waiting => self.waiting,
            JobState::Delayed => self.delayed,
            JobState::WaitingChildren => self.waiting_children,
            JobState::Active => self.active,
            JobState::Completed => self.completed,
            JobState::Failed => self.failed,
            JobState::Cancelled => self.cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::job::{FailureReason, JobOptions};

    #[test]
    fn the_shape_of_json() {
        let at = DateTime::from_timestamp(1_767_323_045, 0).expect("a time");
        let failure = JobFailure {
            reason: FailureReason::BadPayload,
            message: "no order".to_owned(),
            causes: vec!["no number".to_owned()],
            attempt: 2,
        };
        let payload = Codec::MessagePack.encode(&json!({"order": 7})).expect("bytes");
        let info = JobInfo {
            id: "job-1".parse().expect("a good id"),
            state: JobState::Failed,
            record: Record {
                name: "charge".parse().expect("a good name"),
                codec: Codec::MessagePack,
                payload: payload.into(),
                created_at: at,
                options: JobOptions {
                    timeout: Some(std::time::Duration::from_secs(30)),
                    ..JobOptions::default()
                },
            },
            attempts_made: 2,
            snoozes: 1,
            stalls: 0,
            misses: 0,
            priority: -5,
            due_at: None,
            started_at: None,
            worker: Some("worker-1".parse().expect("a good id")),
            finished_at: Some(at),
            progress: Some(Codec::MessagePack.encode(&0.5).expect("bytes").into()),
            cancel_requested: None,
            outcome: Some(Outcome::Failed(failure.clone())),
            last_run: None,
            errors: vec![failure],
        };
        let failure = json!({
            "reason": "bad_payload", "message": "no order", "causes": ["no number"], "attempt": 2
        });
        let expected = json!({
            "id": "job-1",
            "state": "failed",
            "record": {
                "name": "charge",
                "codec": "messagepack",
                "payload": {"order": 7},
                "created_at": "2026-01-02T03:04:05Z",
                "options": {
                    "attempts": null, "backoff": null, "timeout_ms": 30_000, "priority": 0,
                    "retain": null, "retain_failed": null, "due_at": null, "schedule": null, "ttl_ms": null,
                    "deadline": null, "retry_for_ms": null, "snoozes": null,
                    "unique": null, "version": null, "headers": {}, "tags": [], "group": null,
                    "concurrency_keys": {},
                    "origin": null
                }
            },
            "attempts_made": 2, "snoozes": 1, "stalls": 0, "misses": 0, "priority": -5,
            "due_at": null, "started_at": null, "worker": "worker-1",
            "finished_at": "2026-01-02T03:04:05Z",
            "progress": 0.5,
            "cancel_requested": null,
            "outcome": {"kind": "failed", "failure": failure},
            "last_run": null,
            "errors": [failure]
        });
        assert_eq!(serde_json::to_value(&info).expect("json"), expected);
        assert_eq!(info.progress::<f64>(), Ok(Some(0.5)));
    }

    #[test]
    fn a_payload_that_cannot_be_read_is_null() {
        let outcome = Outcome::Completed { codec: Codec::Json, result: Bytes::from_static(b"{") };
        let expected = json!({"kind": "completed", "result": null});
        assert_eq!(serde_json::to_value(outcome).expect("json"), expected);
    }

    #[test]
    fn the_shape_of_counts() {
        let counts = QueueCounts { waiting: 3, paused: true, ..QueueCounts::default() };
        let expected = json!({
            "waiting": 3, "delayed": 0, "waiting_children": 0, "active": 0, "completed": 0,
            "failed": 0, "cancelled": 0,
            "paused": true, "workers": 0, "total_added": 0, "total_completed": 0,
            "total_failed": 0, "total_cancelled": 0, "effects": 0
        });
        assert_eq!(serde_json::to_value(counts).expect("json"), expected);
    }
}

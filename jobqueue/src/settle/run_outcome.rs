//! How a run ended.

use std::time::Duration;

use super::{run_policy::Doom, suspended::Suspended};
use crate::{
    job::{CancelReason, Failure, FailureReason, JobFailure, Record},
    policy::Verdict,
    value_error::PayloadError,
};

/// How often the last run of a job, which undoes what others have done, may kill its worker.
const LAST_RUNS: u32 = 3;

impl From<Doom> for RunOutcome {
    fn from(doom: Doom) -> Self {
        match doom {
            Doom::Stalled(stalls) => Self::Stalled(stalls),
            Doom::Deadline => Self::Deadline { ran: false },
        }
    }
}

/// How a run ended, or why the job was not run.
#[derive(Debug)]
pub(crate) enum RunOutcome {
    /// The handler returned; its result is encoded.
    Success(Vec<u8>),
    /// The handler, or an extractor, returned an error.
    Failure(Failure),
    /// It was told to stop, and returned an error because of that.
    Stopped(Failure),
    /// Its handler waits, and goes on in a later run.
    Suspended(Suspended),
    /// An earlier run has recorded what only a newer program can read: for so long the job is left to
    /// others, if it may be once more.
    Behind(Option<Duration>),
    TimedOut(Duration),
    /// Its job was cancelled, and it has no result.
    Cancelled(CancelReason),
    Panicked(String),
    BadPayload(PayloadError),
    /// Its workers crashed too often.
    Stalled(u32),
    /// It was received as often as it may be.
    Received {
        /// Attempts that failed.
        failed: u32,
        /// Visibility timeouts that ran out.
        stalls: u32,
    },
    /// Too many workers without a handler of its name have fetched it.
    UnknownName(String),
    /// Too many workers that can't read its payload's version have fetched it.
    NewerVersion {
        name: String,
        version: u32,
        known: u32,
    },
    /// Its record in Redis can't be read.
    Corrupt(String),
    /// It waited longer than its time to live.
    Expired,
    /// Its deadline has passed, during a run or before.
    Deadline {
        ran: bool,
    },
}

impl RunOutcome {
    /// No handler has the job's name, or the one that has reads only up to version `known`.
    pub(super) fn unknown(record: &Record, known: Option<u32>) -> Self {
        let name = record.name.to_string();
        match known {
            None => Self::UnknownName(name),
            Some(known) => Self::NewerVersion { name, version: record.version(), known },
        }
    }

    /// The same as a doom, if its handler may undo what it has done before. None if it may not: no
    /// run of the job has begun, or each kills its worker.
    pub(super) fn doom(&self, stalls_allowed: u32) -> Option<Doom> {
        match self {
            Self::Stalled(stalls) if *stalls <= stalls_allowed.saturating_add(LAST_RUNS) => {
                Some(Doom::Stalled(*stalls))
            }
            Self::Deadline { ran: false } => Some(Doom::Deadline),
            _ => None,
        }
    }

    /// What should become of the job; none if the run succeeded, its job was
    /// cancelled, or its handler waits.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Success(_) | Self::Cancelled(_) | Self::Suspended(_) => None,
            Self::Failure(failure) => Some(failure.verdict()),
            Self::Stopped(_) => Some(Verdict::Snooze(Duration::ZERO)),
            Self::TimedOut(_) | Self::Panicked(_) => Some(Verdict::Retry),
            _ => Some(Verdict::Permanent),
        }
    }

    /// Whether the handler said that its job is to come later, and for no reason of another run's.
    pub(super) fn is_snoozed(&self) -> bool {
        matches!(self, Self::Failure(failure) if !failure.is_held())
    }

    /// The result, or the failure as it is recorded.
    pub(super) fn into_result(self, attempt: u32) -> Result<Vec<u8>, JobFailure> {
        let (reason, message) = match self {
            Self::Success(result) => return Ok(result),
            Self::Failure(failure) | Self::Stopped(failure) => {
                let (message, causes) = failure.into_parts();
                return Err(JobFailure { reason: FailureReason::Error, message, causes, attempt });
            }
            Self::BadPayload(error) => {
                let reason = FailureReason::BadPayload;
                let (message, causes) = Failure::from(error).into_parts();
                return Err(JobFailure { reason, message, causes, attempt });
            }
            Self::TimedOut(limit) => {
                (FailureReason::Timeout, format!("the run took longer than {limit:?}"))
            }
            Self::Panicked(message) => (FailureReason::Panic, message),
            Self::Cancelled(reason) => (FailureReason::Cancelled, reason.to_string()),
            Self::Stalled(stalls) => (
                FailureReason::Stalled,
                format!("its workers died or lost their lease {stalls} times"),
            ),
            // An attempt that fails with its last receive has failed for good by that: here is one
            // whose receiver allows fewer than the one before.
            Self::Received { failed, stalls: 0 } => {
                let message = format!("it was received as often as it may be: {failed} failed");
                let (reason, causes) = (FailureReason::Error, Vec::new());
                return Err(JobFailure { reason, message, causes, attempt: failed.max(1) });
            }
            Self::Received { failed, stalls } => (
                FailureReason::Stalled,
                format!(
                    "it was received as often as it may be: {stalls} visibility timeouts ran out, \
                     {failed} attempts failed"
                ),
            ),
            Self::UnknownName(name) => (
                FailureReason::UnknownName,
                format!("no worker of this queue has a handler named {name:?}"),
            ),
            Self::NewerVersion { name, version, known } => (
                FailureReason::NewerVersion,
                format!(
                    "the payload has version {version}; the handler {name:?} reads up to version {known}"
                ),
            ),
            Self::Behind(_) => (
                FailureReason::NewerVersion,
                "the result of a step has a newer version than the worker knows".to_owned(),
            ),
            Self::Corrupt(message) => (FailureReason::Corrupt, message),
            // Its job's time is over before the wait is.
            Self::Suspended(_) => return Self::Deadline { ran: true }.into_result(attempt),
            Self::Deadline { ran } => {
                // Before a run, only the attempts before count.
                let attempt = if ran { attempt } else { attempt.saturating_sub(1) };
                let (reason, message) =
                    (FailureReason::Deadline, "its deadline has passed".to_owned());
                return Err(JobFailure { reason, message, causes: Vec::new(), attempt });
            }
            Self::Expired => {
                (FailureReason::Expired, "it waited for longer than its time to live".to_owned())
            }
        };
        Err(JobFailure { reason, message, causes: Vec::new(), attempt })
    }
}

//! A job and a queue as they stand at one moment.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{
    id::JobId, job_failure::JobFailure, outcome::Outcome, record::Record, state::JobState,
};

/// All that is known of a job at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// Where it is.
    pub state: JobState,
    /// What to run and with what.
    pub record: Record,
    /// Attempts that ended in an error so far.
    pub attempts_made: u32,
    /// How often its worker died or lost its lease while running it.
    pub stalls: u32,
    /// Its priority now, which may have been changed since it was added.
    pub priority: i16,
    /// When it is due, if it is delayed.
    pub due_at: Option<DateTime<Utc>>,
    /// When its present run was fetched, if it is active.
    pub started_at: Option<DateTime<Utc>>,
    /// The worker that runs it, if it is active.
    pub worker: Option<String>,
    /// When it ended, if it has.
    pub finished_at: Option<DateTime<Utc>>,
    /// The newest progress its handler told, as written with MessagePack.
    pub progress: Option<Bytes>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// The newest failed attempts, newest first; at most 10.
    pub errors: Vec<JobFailure>,
}

/// How many jobs a queue has in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueCounts {
    /// Ready to run.
    pub waiting: u64,
    /// Not due yet.
    pub delayed: u64,
    /// Held by workers.
    pub active: u64,
    /// Completed and kept.
    pub completed: u64,
    /// Failed and kept.
    pub failed: u64,
    /// Whether fetching is paused.
    pub paused: bool,
    /// Workers whose lease holds.
    pub workers: u64,
    /// Jobs added since the queue exists.
    pub total_added: u64,
    /// Jobs completed since the queue exists.
    pub total_completed: u64,
    /// Jobs failed for good since the queue exists.
    pub total_failed: u64,
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
            JobState::Active => self.active,
            JobState::Completed => self.completed,
            JobState::Failed => self.failed,
        }
    }
}

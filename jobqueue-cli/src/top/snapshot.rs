//! What was read at one moment.

use jobqueue::{
    JobId, JobInfo, JobState, Outcome, QueueName,
    audit::AuditEntry,
    manage::WorkerInfo,
    stats::QueueCounts,
    types::{DateTime, Utc},
};

use crate::command::{job_lines, queues::QueueView};

/// What was read at one moment, or why it couldn't be.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(super) at: DateTime<Utc>,
    /// By name.
    pub(super) queues: Vec<QueueView>,
    pub(super) workers: Vec<WorkerInfo>,
    /// Of Redis, of one processor.
    pub(super) cpu: Option<f64>,
    pub(super) last_action: Option<AuditEntry>,
    pub(super) pane: Option<Pane>,
    pub(super) jobs: Option<Jobs>,
    pub(super) job: Option<Job>,
}

/// What matters of the queue at the cursor.
#[derive(Clone, Debug)]
pub(super) struct Pane {
    pub(super) queue: QueueName,
    /// The most frequent first.
    pub(super) failures: Vec<FailureKind>,
    /// The longest first.
    pub(super) running: Vec<JobInfo>,
}

/// Failures that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailureKind {
    pub(super) count: usize,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) job: String,
    pub(super) last: DateTime<Utc>,
}

/// Jobs of a queue that is looked into.
#[derive(Clone, Debug)]
pub(super) struct Jobs {
    pub(super) queue: QueueName,
    pub(super) state: JobState,
    pub(super) counts: QueueCounts,
    pub(super) jobs: Vec<JobInfo>,
}

/// A job that is looked into.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) queue: QueueName,
    pub(super) id: JobId,
    /// None if it is gone.
    pub(super) info: Option<JobInfo>,
    pub(super) logs: Vec<String>,
}

impl FailureKind {
    /// Groups failed jobs, the newest first, by what they say and by name.
    pub(super) fn group(failed: &[JobInfo]) -> Vec<Self> {
        let mut kinds: Vec<Self> = Vec::new();
        for job in failed {
            let reason = job.outcome.as_ref().and_then(Outcome::failure).map(|it| it.reason);
            let reason = reason.map_or("", jobqueue::error::FailureReason::as_str);
            let message = job_lines::message(job);
            let (name, last) = (job.record.name.as_str(), job.finished_at.unwrap_or_default());
            let known = kinds.iter_mut().find(|kind| {
                kind.reason == reason && kind.job == name && alike(&kind.message, &message)
            });
            match known {
                Some(kind) => kind.count += 1,
                None => {
                    kinds.push(Self { count: 1, reason, message, job: name.to_owned(), last });
                }
            }
        }
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        kinds
    }
}

/// Whether two messages differ in numbers alone.
fn alike(one: &str, other: &str) -> bool {
    let words = |text: &str| text.split(|c: char| c.is_ascii_digit()).collect::<String>();
    words(one) == words(other)
}

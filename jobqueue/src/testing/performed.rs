//! What became of one run.

use std::{fmt, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::sent::{Published, Sent};
use crate::{
    error::Result,
    job::{
        CancelReason, Codec, IntoJob, Job as _, JobFailure, JobId, JobName, Outcome, QueueName,
        Transition,
    },
    worker::{Note, OneEnd, OneSettled},
};

/// What became of one run of a handler, and what it did. See
/// [`TestQueue::perform`](super::TestQueue::perform).
///
/// The methods that ask how it ended panic if it ended otherwise, and say how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Performed<T> {
    /// What became of the job.
    pub ending: Ending<T>,
    /// The job's name.
    pub name: JobName,
    /// The job's id.
    pub id: JobId,
    /// Which attempt it was.
    pub attempt: u32,
    /// The progress that the run reported, in order.
    pub progress: Vec<Value>,
    /// The lines that it wrote to its job's log.
    pub logs: Vec<String>,
    /// The jobs that were added meanwhile.
    pub added: Vec<Sent>,
    /// The messages that were published meanwhile.
    pub published: Vec<Published>,
}

/// What becomes of a job after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending<T> {
    /// It completed with this result.
    Completed(T),
    /// The run failed, and the job is tried again.
    Retried {
        /// After this time.
        after: Duration,
        /// Why it failed.
        failure: JobFailure,
    },
    /// The job failed for good.
    Failed {
        /// Why.
        failure: JobFailure,
        /// The queue that its dead letter went to, if there is one.
        dead_letter: Option<QueueName>,
    },
    /// The job went back at no cost: it was snoozed, rate limited, held by a breaker, or cancelled.
    Released {
        /// It is due again after this time.
        after: Duration,
        /// For so long the whole queue is held.
        queue_held: Duration,
        /// What the handler said.
        failure: Option<JobFailure>,
    },
    /// The job waits without a run, and its handler goes on in another.
    Suspended,
    /// The job was cancelled meanwhile, and the run had no result.
    Cancelled(CancelReason),
    /// The lease was lost meanwhile: another worker has the job, and what the run came to was
    /// refused.
    Lost,
    /// The worker died. Another gets the job when the lease is over.
    Crashed,
}

impl<T: DeserializeOwned> Performed<T> {
    pub(super) fn new(
        (name, id, attempt): (JobName, JobId, u32),
        end: OneEnd,
        notes: Vec<Note>,
        (added, published): (Vec<Sent>, Vec<Published>),
    ) -> Result<Self> {
        let (mut progress, mut logs) = (Vec::new(), Vec::new());
        for note in notes {
            match note {
                Note::Progress(value) => progress.push(Codec::MessagePack.decode(&value)?),
                Note::Log(line) => logs.push(line),
            }
        }
        let ending = match end {
            OneEnd::Settled(settled) => Ending::of(*settled)?,
            OneEnd::Lost => Ending::Lost,
            OneEnd::Crashed => Ending::Crashed,
        };
        Ok(Self { ending, name, id, attempt, progress, logs, added, published })
    }
}

impl<T: DeserializeOwned> Ending<T> {
    fn of(settled: OneSettled) -> Result<Self> {
        let outcome = settled.outcome();
        let OneSettled { end, failure, dead_letter, throttle } = settled;
        Ok(match (end, failure) {
            (Transition::Retried { delay, .. }, Some(failure)) => {
                Self::Retried { after: delay, failure }
            }
            (Transition::Failed { .. }, Some(failure)) => Self::Failed { failure, dead_letter },
            (Transition::Cancelled { reason }, _) => Self::Cancelled(reason),
            (Transition::Suspended(_), _) => Self::Suspended,
            (Transition::Released { delay, .. }, failure) => {
                Self::Released { after: delay, queue_held: throttle, failure }
            }
            (_, failure) => match outcome.as_ref().map(Outcome::decode).transpose()? {
                Some(Outcome::Completed { codec, result }) => {
                    Self::Completed(codec.decode(&result)?)
                }
                _ => Self::Released { after: Duration::ZERO, queue_held: throttle, failure },
            },
        })
    }
}

impl<T> Performed<T> {
    /// The result of the run, which completed.
    ///
    /// # Panics
    /// It didn't.
    #[must_use]
    #[track_caller]
    pub fn completed(self) -> T {
        let otherwise = self.otherwise("complete");
        if let Ending::Completed(result) = self.ending { result } else { panic!("{otherwise}") }
    }

    /// After how long the job is tried again.
    ///
    /// # Panics
    /// It isn't.
    #[must_use]
    #[track_caller]
    pub fn retried(&self) -> Duration {
        match &self.ending {
            Ending::Retried { after, .. } => *after,
            _ => panic!("{}", self.otherwise("be retried")),
        }
    }

    /// Why the job failed for good.
    ///
    /// # Panics
    /// It didn't.
    #[must_use]
    #[track_caller]
    pub fn failed(&self) -> &JobFailure {
        match &self.ending {
            Ending::Failed { failure, .. } => failure,
            _ => panic!("{}", self.otherwise("fail for good")),
        }
    }

    /// After how long the job, which went back at no cost, is due again; or for how long its whole
    /// queue is held, if that is longer.
    ///
    /// # Panics
    /// It didn't go back.
    #[must_use]
    #[track_caller]
    pub fn released(&self) -> Duration {
        match &self.ending {
            Ending::Released { after, queue_held, .. } => *after.max(queue_held),
            _ => panic!("{}", self.otherwise("go back")),
        }
    }

    /// Why the run failed, whatever follows; none if it completed.
    #[must_use]
    pub fn failure(&self) -> Option<&JobFailure> {
        match &self.ending {
            Ending::Retried { failure, .. } | Ending::Failed { failure, .. } => Some(failure),
            Ending::Released { failure, .. } => failure.as_ref(),
            Ending::Completed(_)
            | Ending::Suspended
            | Ending::Cancelled(_)
            | Ending::Lost
            | Ending::Crashed => None,
        }
    }

    /// The queue that the job's dead letter went to.
    #[must_use]
    pub fn dead_letter(&self) -> Option<&str> {
        match &self.ending {
            Ending::Failed { dead_letter, .. } => dead_letter.as_ref().map(QueueName::as_str),
            _ => None,
        }
    }

    /// The payloads of the jobs that were added for this handler meanwhile.
    ///
    /// # Errors
    /// A payload can't be read.
    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    pub fn added<F: IntoJob<Args>, Args>(&self, handler: F) -> Result<Vec<F::Payload>> {
        let _ = handler;
        let definition = F::Job::DEFINITION;
        let same = |it: &&Sent| {
            it.queue.as_str() == definition.queue
                && it.name().is_some_and(|name| name.as_str() == definition.name)
        };
        let records = self.added.iter().filter(same).filter_map(|it| it.record.as_ref());
        records.map(|record| Ok(record.payload()?)).collect()
    }

    fn otherwise(&self, expected: &str) -> String {
        let Self { name, attempt, ending, .. } = self;
        format!("attempt {attempt} of {name} was to {expected}, but {ending}")
    }
}

impl<T> fmt::Display for Ending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed(_) => f.write_str("it completed"),
            Self::Retried { after, failure } => {
                write!(f, "it is retried after {after:?}: {failure}")
            }
            Self::Failed { failure, dead_letter: None } => {
                write!(f, "it failed for good: {failure}")
            }
            Self::Failed { failure, dead_letter: Some(queue) } => {
                write!(f, "it failed for good, with a dead letter to {queue}: {failure}")
            }
            Self::Released { after, queue_held, failure } => {
                write!(f, "it went back for {:?}", after.max(queue_held))?;
                failure.as_ref().map_or(Ok(()), |failure| write!(f, ": {failure}"))
            }
            Self::Suspended => f.write_str("its job waits without a run"),
            Self::Cancelled(reason) => write!(f, "its job was {reason}"),
            Self::Lost => f.write_str("its lease was lost"),
            Self::Crashed => f.write_str("its worker died"),
        }
    }
}

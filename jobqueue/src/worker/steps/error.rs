//! Why a part of a handler gave no result.

use std::{error::Error as StdError, time::Duration};

use crate::{
    error::{Error, result::FlowError},
    error_chain::{Source, chain, readable_debug, source},
    job::{Failure, JobError},
    policy::Verdict,
    value_error::Invalid,
};

/// Why a [step](crate::Context::step), a sleep or a wait gave no result.
///
/// A handler's error takes it with `?`: [`Failure`], `anyhow::Error` and boxed
/// errors as they are, an enum of your own by a variant with `#[from]`.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// What is recorded isn't what the code asks for: the job's steps have changed since it began.
    /// The job fails for good, without its [compensations](crate::Context::on_failure). Once the
    /// code is put right, [retry](crate::JobHandle::retry) it: it goes on where it was.
    #[error("the steps of the job are not those that it began with")]
    #[non_exhaustive]
    Mismatch {
        /// Which parts, and where.
        source: Source,
    },
    /// A recorded result can't be read as the type that is asked for now. Else as
    /// [`Mismatch`](Self::Mismatch).
    #[error("what is recorded can't be read")]
    #[non_exhaustive]
    Unreadable {
        /// Of which part, and why.
        source: Source,
    },
    /// The signal didn't come in time; a later run gets this answer again.
    #[error("the wait is over")]
    #[non_exhaustive]
    TimedOut {
        /// Which signal, and how long.
        source: Source,
    },
    /// An attempt of a step took longer than its own timeout.
    #[error("step {step:?} took longer than {limit:?}")]
    #[non_exhaustive]
    Timeout {
        /// The step.
        step: String,
        /// Its timeout.
        limit: Duration,
    },
    /// The run was told to stop while the step was under way. Nothing is recorded of it.
    #[error("the run was told to stop during step {step:?}")]
    #[non_exhaustive]
    Stopped {
        /// The step.
        step: String,
        /// What it came to.
        source: Source,
    },
    /// The flow of its [children](crate::Context::spawn_children) has failed.
    #[error("the children of the job have failed")]
    #[non_exhaustive]
    Children {
        /// Which, and why: as a [`FlowError`] says it.
        source: Source,
    },
    /// The job has recorded as much as it may.
    #[error("there is no room for what the steps have come to")]
    #[non_exhaustive]
    Full {
        /// How much that is.
        source: Source,
    },
    /// The handler isn't declared to have steps.
    #[error("this handler has no steps")]
    #[non_exhaustive]
    Undeclared {
        /// What to write.
        source: Source,
    },
    /// Redis could not be asked, or a name or a result is invalid.
    #[error(transparent)]
    Error(#[from] Error),
}

impl StepError {
    pub(crate) fn mismatch(why: String) -> Self {
        Self::Mismatch { source: unmendable(why) }
    }

    pub(crate) fn unreadable(error: &(dyn StdError + 'static)) -> Self {
        let failure = Failure::permanent(chain(error).to_string());
        Self::Unreadable { source: source(failure.into_error()) }
    }

    pub(crate) fn timed_out(name: &str) -> Self {
        Self::TimedOut { source: unmendable(format!("the signal {name:?} has not come")) }
    }

    pub(crate) fn stopped(step: &str, failure: Failure) -> Self {
        Self::Stopped { step: step.to_owned(), source: source(failure.into_error()) }
    }

    /// No other attempt mends what a flow came to.
    pub(crate) fn children(error: &FlowError) -> Self {
        Self::Children { source: unmendable(chain(error).to_string()) }
    }

    pub(crate) fn full() -> Self {
        let why = "a job records 1,000 parts and 4 MiB at most: store what is large elsewhere, or \
                   let other jobs do a part of the work";
        Self::Full { source: unmendable(why.to_owned()) }
    }

    pub(crate) fn in_loop() -> Self {
        let problem = "a compensation can't be registered for an item of a loop: a run that goes on \
                       behind the item doesn't come to it";
        Error::from(Invalid::setup(problem, "register one before the loop, for all items")).into()
    }

    pub(crate) fn cut_off(name: &str, times: u32) -> Self {
        let why = format!("{name:?} has begun {times} times, and never ended");
        Self::TimedOut { source: unmendable(why) }
    }

    pub(crate) fn undeclared(name: &str) -> Self {
        let why = format!("job {name} has a step: declare its handler with `#[job(steps)]`");
        Self::Undeclared { source: unmendable(why) }
    }
}

/// A cause whose verdict is found in whatever error wraps it.
fn unmendable(why: String) -> Source {
    source(Failure::permanent(why).into_error())
}

impl JobError for StepError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Timeout { .. } | Self::Stopped { .. } => Verdict::Retry,
            Self::Error(Error::Invalid(_) | Error::Payload(_)) => Verdict::Permanent,
            Self::Error(_) => Verdict::Retry,
            _ => Verdict::Permanent,
        }
    }
}

readable_debug!(StepError);

/// An effect's error that can be a [`StepError`] as well: all that implement `From<StepError>`.
#[diagnostic::on_unimplemented(
    message = "a step can't fail with `{Self}`",
    label = "`{Self}` can't hold a `StepError`",
    note = "the step may not run at all: redis may be away, or its recorded result be another one's",
    note = "give the enum a variant such as `Step(#[from] StepError)`, or let the step fail with \
            `jobqueue::Failure`, `anyhow::Error` or `Box<dyn Error + Send + Sync>`"
)]
pub trait TakesStepError: From<StepError> {}

#[diagnostic::do_not_recommend]
impl<E: From<StepError>> TakesStepError for E {}

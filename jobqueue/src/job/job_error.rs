//! Errors that know what should become of a job.

use std::{error::Error as StdError, sync::Arc};

use crate::policy::Verdict;

/// An error that knows what should become of the job it failed.
///
/// [`#[derive(JobError)]`](derive@crate::JobError) implements it variant by variant. Errors without
/// it are retried with the job's backoff.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::{retry::Verdict, JobError};
///
/// #[derive(Debug)]
/// struct Busy;
/// impl std::fmt::Display for Busy {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("the gateway is busy")
///     }
/// }
/// impl std::error::Error for Busy {}
/// impl JobError for Busy {
///     fn verdict(&self) -> Verdict {
///         Verdict::RetryAfter(Duration::from_secs(30))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what becomes of a failed job",
    note = "derive it: `#[derive(Debug, thiserror::Error, jobqueue::JobError)]`"
)]
pub trait JobError: StdError + Send + Sync + 'static {
    /// What should become of the job.
    fn verdict(&self) -> Verdict;
}

impl<E: JobError> JobError for Box<E> {
    fn verdict(&self) -> Verdict {
        E::verdict(self)
    }
}

impl<E: JobError + ?Sized> JobError for Arc<E> {
    fn verdict(&self) -> Verdict {
        E::verdict(self)
    }
}

//! What `#[derive(JobError)]` calls of a variant that wraps an error and has no rule of its own.
//! Not for people.
//!
//! Which of the methods is taken is found by autoref specialisation, as for a handler's error.

use std::error::Error as StdError;

use super::{job_error::JobError, marked::Marked, under_way::OnceHeld};
use crate::policy::Verdict;

/// A question about a wrapped error: `(&&&&Inner(field)).verdict()`.
#[derive(Debug)]
pub struct Inner<'a, E>(pub &'a E);

/// Asked first: an error that has a verdict.
pub trait ByJobError {
    #[doc(hidden)]
    fn verdict(&self) -> Verdict;
}

impl<E: JobError> ByJobError for &&&Inner<'_, E> {
    fn verdict(&self) -> Verdict {
        self.0.verdict()
    }
}

/// Asked second: any other error, which may have one among its sources.
pub trait BySources {
    #[doc(hidden)]
    fn verdict(&self) -> Verdict;
}

impl<E: StdError + 'static> BySources for &&Inner<'_, E> {
    fn verdict(&self) -> Verdict {
        find(self.0)
    }
}

/// Asked third: a box of any error, `anyhow::Error` among them.
pub trait ByBox {
    #[doc(hidden)]
    fn verdict(&self) -> Verdict;
}

impl<E: AsRef<dyn StdError + Send + Sync>> ByBox for &Inner<'_, E> {
    fn verdict(&self) -> Verdict {
        find(self.0.as_ref())
    }
}

/// Asked last: all types.
pub trait ByNothing {
    #[doc(hidden)]
    fn verdict(&self) -> Verdict;
}

impl<E> ByNothing for Inner<'_, E> {
    fn verdict(&self) -> Verdict {
        Verdict::Retry
    }
}

/// What an error of an unknown type says by its sources.
pub(super) fn find(error: &(dyn StdError + 'static)) -> Verdict {
    match OnceHeld::find(error) {
        // Whatever it is wrapped in: the job has not failed.
        Some(held) => held.verdict(),
        None => Marked::find(error).unwrap_or(Verdict::Retry),
    }
}

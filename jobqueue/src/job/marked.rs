//! Verdicts that survive wrapping: as sources of other errors, and as errors whose type nobody knows
//! any more.

use std::{error::Error as StdError, fmt};

use super::job_error::JobError;
use crate::{
    error_chain::{Source, readable_debug, sources},
    policy::Verdict,
};

/// A [`Failure`](super::Failure) as an error. Whatever wraps it, it is found among the sources.
pub(super) struct Marked {
    verdict: Verdict,
    message: String,
    cause: Option<Cause>,
}

/// The text of a cause, whose source is the next one.
#[derive(Debug)]
struct Cause {
    message: String,
    next: Option<Box<Self>>,
}

impl Marked {
    pub(super) fn new(verdict: Verdict, message: String, causes: Vec<String>) -> Self {
        let chain = causes.into_iter().rev();
        let cause = chain.fold(None, |next: Option<Cause>, message| {
            Some(Cause { message, next: next.map(Box::new) })
        });
        Self { verdict, message, cause }
    }

    /// An error that is one, or shares one.
    fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let shared = || error.downcast_ref::<Source>()?.downcast_ref();
        error.downcast_ref().or_else(shared)
    }

    /// The verdict of the outermost one, in an error or its sources.
    pub(super) fn find(error: &(dyn StdError + 'static)) -> Option<Verdict> {
        let mut chain = std::iter::once(error).chain(sources(error));
        chain.find_map(Self::of).map(|marked| marked.verdict)
    }
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Marked {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl JobError for Marked {
    fn verdict(&self) -> Verdict {
        self.verdict
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.next.as_deref().map(|next| next as _)
    }
}

readable_debug!(Marked);

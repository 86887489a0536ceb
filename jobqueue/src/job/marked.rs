//! Verdicts that survive wrapping: in boxes, as sources of other errors, and as errors whose type
//! nobody knows any more.

use std::{error::Error as StdError, fmt, sync::Arc};

use super::failure::{Failure, JobError};
use crate::{error_chain::sources, policy::Verdict};

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

/// A [`Failure`] as an error. Whatever wraps it, it is found among the sources.
#[derive(Debug)]
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
    pub(super) fn new(failure: Failure) -> Self {
        let verdict = failure.verdict();
        let (message, causes) = failure.into_parts();
        let chain = causes.into_iter().rev();
        let cause = chain.fold(None, |next: Option<Cause>, message| {
            Some(Cause { message, next: next.map(Box::new) })
        });
        Self { verdict, message, cause }
    }

    /// The verdict of the outermost one, in an error or its sources.
    pub(super) fn find(error: &(dyn StdError + 'static)) -> Option<Verdict> {
        let mut chain = std::iter::once(error).chain(sources(error));
        chain.find_map(|error| error.downcast_ref::<Self>()).map(|marked| marked.verdict)
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

impl From<Failure> for Box<dyn StdError + Send + Sync> {
    fn from(failure: Failure) -> Self {
        Box::new(Marked::new(failure))
    }
}

impl From<Failure> for Box<dyn StdError> {
    fn from(failure: Failure) -> Self {
        Box::new(Marked::new(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Boxed = Box<dyn StdError + Send + Sync>;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Boxed);

    fn permanent() -> Failure {
        Failure::permanent("no such order")
    }

    #[test]
    fn a_failure_keeps_its_verdict_as_a_box_and_as_a_source() {
        let boxed: Boxed = permanent().into();
        assert_eq!(Marked::find(&*boxed), Some(Verdict::Permanent));
        let wrapped = Failure::from(Outer(permanent().into()));
        assert_eq!(wrapped.verdict(), Verdict::Permanent);
        assert_eq!((wrapped.message(), &wrapped.causes()[0][..]), ("outer", "no such order"));
        assert_eq!(Failure::from(Outer("other".into())).verdict(), Verdict::Retry);
    }

    #[test]
    fn its_text_and_causes_come_back() {
        let failure = Failure::from(Outer("inner".into())).with(Verdict::Permanent);
        let again = Failure::from(Marked::new(failure.clone()));
        assert_eq!(again, failure);
    }

    #[test]
    fn boxes_say_what_is_in_them() {
        let marked = Arc::new(Box::new(Marked::new(permanent())));
        assert_eq!(marked.verdict(), Verdict::Permanent);
        let shared: Arc<dyn JobError> = marked;
        assert_eq!(shared.verdict(), Verdict::Permanent);
    }
}

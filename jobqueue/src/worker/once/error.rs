//! Why an effect that is to happen once gave no result.

use crate::{
    error::Error,
    job::{JobError, OnceHeld},
    policy::Verdict,
};

/// Why [`Context::once`](crate::Context::once) gave no result of its effect.
///
/// A handler's error takes it with `?`: [`Failure`](crate::Failure), `anyhow::Error` and boxed
/// errors as they are, an enum of your own by a variant with `#[from]`. The job then goes back
/// without an attempt counted if the effect is [under way](Self::OnceHeld), whatever its error type
/// says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnceError {
    /// Another run is at it.
    #[error("another run is at the same effect")]
    OnceHeld(#[source] OnceHeld),
    /// Redis could not be asked, the key is invalid, or what is recorded isn't of this type.
    #[error(transparent)]
    Error(#[from] Error),
}

impl JobError for OnceError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::OnceHeld(under_way) => under_way.verdict(),
            Self::Error(Error::Invalid(_) | Error::Payload(_)) => Verdict::Permanent,
            Self::Error(_) => Verdict::Retry,
        }
    }
}

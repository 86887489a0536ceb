//! Why an effect that is to happen once gave no result.

use crate::{
    error::Error,
    job::{JobError, OnceHeld},
    policy::Verdict,
};

/// Why [`Context::once`](crate::Context::once) gave no result of its effect.
///
/// A handler's error takes it with `?`: [`Failure`](crate::Failure), `anyhow::Error` and boxed
/// errors as they are, an enum of your own by a variant with `#[from]`. If another run [has the
/// key](Self::OnceHeld), the job then goes back without an attempt counted, even if its error type
/// says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnceError {
    /// Another run has claimed the key.
    #[error("another run has claimed the idempotency key {key:?}, so this one has to wait for it")]
    #[non_exhaustive]
    OnceHeld {
        /// The key.
        key: String,
        /// How long the claim holds.
        source: OnceHeld,
    },
    /// Redis could not be asked, the key is invalid, or what is recorded isn't of this type.
    #[error(transparent)]
    Error(#[from] Error),
}

impl JobError for OnceError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::OnceHeld { source, .. } => source.verdict(),
            Self::Error(Error::Invalid(_) | Error::Payload(_)) => Verdict::Permanent,
            Self::Error(_) => Verdict::Retry,
        }
    }
}

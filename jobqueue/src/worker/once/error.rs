//! Why an effect that is to happen once gave no result.

use crate::{
    error::Error,
    error_chain::readable_debug,
    job::{JobError, OnceHeld},
    policy::Verdict,
};

/// Why [`Context::once`](crate::Context::once) gave no result of its effect.
///
/// A handler's error takes it with `?`: [`Failure`](crate::Failure), `anyhow::Error` and boxed
/// errors as they are, an enum of your own by a variant with `#[from]`. If another run [has the
/// key](Self::OnceHeld), the job then goes back without an attempt counted, even if its error type
/// says otherwise.
#[derive(Clone, thiserror::Error)]
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

readable_debug!(OnceError);

/// An effect's error that can be an [`OnceError`] as well: all that implement `From<OnceError>`.
#[diagnostic::on_unimplemented(
    message = "an effect that happens once can't fail with `{Self}`",
    label = "`{Self}` can't hold an `OnceError`",
    note = "the effect may not run at all: another run may have its key, or redis may be away",
    note = "give the enum a variant such as `Once(#[from] OnceError)`, or let the effect fail with \
            `jobqueue::Failure`, `anyhow::Error` or `Box<dyn Error + Send + Sync>`"
)]
pub trait TakesOnceError: From<OnceError> {}

#[diagnostic::do_not_recommend]
impl<E: From<OnceError>> TakesOnceError for E {}

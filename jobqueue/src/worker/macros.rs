//! What the code that `#[job]` writes calls. Not for people.
//!
//! A handler's error may be a [`Failure`], may know its own verdict ([`JobError`]), or may be any
//! other error. Which of them decides is found by *autoref specialisation*: of the methods of one
//! name, the compiler takes the one that needs the fewest references. See
//! <https://github.com/dtolnay/case-studies/blob/master/autoref-specialization/README.md>.

use std::{error::Error as StdError, panic::resume_unwind, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::run::Context;
use crate::{
    client::trace,
    job::{Failure, JobError},
    policy::Verdict,
};

/// The two sides of a `Result`, whatever alias it goes by.
pub trait HandlerResult {
    /// What a successful run gives back.
    type Output;
    /// What a failed one does.
    type Error;
}

impl<T, E> HandlerResult for Result<T, E> {
    type Output = T;
    type Error = E;
}

/// The error is the library's own.
#[derive(Clone, Copy, Debug)]
pub struct OwnTag;

impl OwnTag {
    /// As it is.
    #[must_use]
    pub fn failure(self, failure: Failure) -> Failure {
        failure
    }
}

impl Failure {
    /// An inherent method: taken before any trait's.
    #[doc(hidden)]
    #[must_use]
    pub fn __jobqueue_tag(&self) -> OwnTag {
        OwnTag
    }
}

/// The error knows its verdict.
#[derive(Clone, Copy, Debug)]
pub struct JobErrorTag;

impl JobErrorTag {
    /// With the error's own verdict.
    #[expect(clippy::needless_pass_by_value, reason = "as the other tags take it")]
    pub fn failure<E: JobError>(self, error: E) -> Failure {
        Failure::from_error(error.verdict(), &error)
    }
}

/// One reference: for errors with a verdict.
pub trait ViaJobError {
    #[doc(hidden)]
    fn __jobqueue_tag(&self) -> JobErrorTag {
        JobErrorTag
    }
}

impl<E: JobError> ViaJobError for E {}

/// Any other error.
#[derive(Clone, Copy, Debug)]
pub struct StdErrorTag;

impl StdErrorTag {
    /// To be retried.
    pub fn failure<E: Into<Box<dyn StdError + Send + Sync>>>(self, error: E) -> Failure {
        Failure::from_error(Verdict::Retry, &*error.into())
    }
}

/// Two references: for all that turns into a boxed error, `anyhow::Error` and `String` among them.
pub trait ViaStdError {
    #[doc(hidden)]
    fn __jobqueue_tag(&self) -> StdErrorTag {
        StdErrorTag
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> ViaStdError for &E {}

/// What a function of the user's says of an error.
pub fn classify<E, V: Into<Verdict>>(error: &E, by: impl FnOnce(&E) -> V) -> Verdict {
    by(error).into()
}

/// A whole handler once for its job, for `idempotent`.
pub async fn once<T, F>(ctx: &Context, lifetime: Option<Duration>, run: F) -> Result<T, Failure>
where
    T: Serialize + DeserializeOwned + Send,
    F: Future<Output = Result<T, Failure>> + Send,
{
    let once = ctx.once_for_job(run);
    match lifetime {
        Some(lifetime) => once.lifetime(lifetime).await,
        None => once.await,
    }
}

/// Runs a blocking handler where it may block.
pub async fn run_blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let trace = trace::run();
    let run = move || trace::within_blocking(trace, run);
    match tokio::task::spawn_blocking(run).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime shuts down: nobody waits for an answer any more.
            Err(_) => std::future::pending().await,
        },
    }
}

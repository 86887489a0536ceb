//! What the code that `#[job]` writes calls. Not for people.
//!
//! A handler's error may be a [`Failure`], may know its own verdict ([`JobError`]), or may be any
//! other error. Which of them decides is found by *autoref specialisation*: of the methods of one
//! name, the compiler takes the one for the most references, since it looks at `&&&Probe` first and
//! then at what it points to. See
//! <https://github.com/dtolnay/case-studies/blob/master/autoref-specialization/README.md>.

use std::{
    convert::Infallible, error::Error as StdError, marker::PhantomData, panic::resume_unwind,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use super::run::Context;
use crate::{
    client::trace,
    job::{Failure, JobError},
    policy::Verdict,
};

/// `IsResult::<R>::YES` says whether a return type is a `Result`, whatever it is called.
///
/// An inherent constant is taken if its type fits, and else that of [`NoResult`].
#[derive(Debug)]
pub struct IsResult<R>(PhantomData<R>);

impl<T, E> IsResult<Result<T, E>> {
    /// It is.
    pub const YES: bool = true;
}

/// For all types that aren't a `Result`.
pub trait NoResult {
    #[doc(hidden)]
    const YES: bool = false;
}

impl<R> NoResult for IsResult<R> {}

/// `<Return<{ IsResult::<R>::YES }> as Returns<R>>` is what a return type means, whatever it is
/// called.
#[derive(Debug)]
pub struct Return<const IS_RESULT: bool>;

/// What a return type means.
pub trait Returns<R> {
    /// What a successful run gives back.
    type Output;
    /// What a failed one does.
    type Error;
    /// Which of them it is.
    ///
    /// # Errors
    /// The handler's own.
    fn split(returned: R) -> Result<Self::Output, Self::Error>;
}

impl<T, E> Returns<Result<T, E>> for Return<true> {
    type Output = T;
    type Error = E;
    fn split(returned: Result<T, E>) -> Result<T, E> {
        returned
    }
}

impl<R> Returns<R> for Return<false> {
    type Output = R;
    type Error = Infallible;
    fn split(returned: R) -> Result<R, Infallible> {
        Ok(returned)
    }
}

/// A return type that isn't called `Result`, and is none.
#[diagnostic::on_unimplemented(
    message = "this is a `Result` by another name, which `#[job]` can't see",
    label = "an alias of `{R}`",
    note = "write `Result<T, E>`, or give the alias a name that ends in `Result`"
)]
pub trait ReturnsPlain<R> {
    /// What a run gives back.
    type Output;
}

impl<R> ReturnsPlain<R> for Return<false> {
    type Output = R;
}

/// A question about an error's type: `(&&&Probe::of(&error)).tag()`.
#[derive(Debug)]
pub struct Probe<E>(PhantomData<fn() -> E>);

impl<E> Probe<E> {
    /// About this one's.
    #[must_use]
    pub fn of(_: &E) -> Self {
        Self(PhantomData)
    }
}

/// The error knows its verdict.
#[derive(Clone, Copy, Debug)]
pub struct JobErrorTag;

impl JobErrorTag {
    /// With the error's own verdict.
    pub fn failure<E: JobError>(self, error: E) -> Failure {
        Failure::of(error)
    }
}

/// Asked first: errors with a verdict.
pub trait ViaJobError {
    #[doc(hidden)]
    fn tag(&self) -> JobErrorTag {
        JobErrorTag
    }
}

impl<E: JobError> ViaJobError for &&Probe<E> {}

/// Any other error.
#[derive(Clone, Copy, Debug)]
pub struct StdErrorTag;

impl StdErrorTag {
    /// To be retried, unless a source of its says otherwise.
    pub fn failure<E: Into<Box<dyn StdError + Send + Sync>>>(self, error: E) -> Failure {
        Failure::unmarked(&*error.into())
    }
}

/// Asked second: all else that turns into a boxed error, `anyhow::Error` and `String` among them.
pub trait ViaStdError {
    #[doc(hidden)]
    fn tag(&self) -> StdErrorTag {
        StdErrorTag
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> ViaStdError for &Probe<E> {}

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

impl Probe<Failure> {
    /// Taken before the trait's for all types.
    #[must_use]
    pub fn tag(&self) -> OwnTag {
        OwnTag
    }
}

/// None of these.
#[derive(Clone, Copy, Debug)]
pub struct NoErrorTag;

impl NoErrorTag {
    /// Never called: no type implements the bound, whose message is what it is for.
    pub fn failure<E: HandlerError>(self, error: E) -> Failure {
        error.never()
    }
}

/// Asked last: all types.
pub trait ViaNoError {
    #[doc(hidden)]
    fn tag(&self) -> NoErrorTag {
        NoErrorTag
    }
}

impl<E> ViaNoError for Probe<E> {}

/// What a handler's error has to be. No type implements this; those that are fine are found before
/// it is asked for.
#[diagnostic::on_unimplemented(
    message = "a job handler can't fail with `{Self}`",
    label = "not an error that can be stored with the job",
    note = "an error is a `std::error::Error + Send + Sync + 'static`; `#[derive(thiserror::Error, JobError)]` makes one \
            of a type of your own",
    note = "`String`, `anyhow::Error` and `Box<dyn Error + Send + Sync>` are fine too; `Box<dyn Error>` alone isn't, \
            since a job may move between threads"
)]
pub trait HandlerError {
    #[doc(hidden)]
    fn never(self) -> Failure;
}

/// What a function of the user's says of an error.
pub fn classify<E, V: Into<Verdict>>(error: &E, by: impl FnOnce(&E) -> V) -> Verdict {
    by(error).into()
}

/// The failure with what that function has said.
#[must_use]
pub fn judged(failure: Failure, verdict: Verdict) -> Failure {
    failure.judged(verdict)
}

/// What a batch of so many jobs comes to whose handler gives nothing.
#[must_use]
pub fn all_well(jobs: usize) -> Vec<Result<(), Failure>> {
    vec![Ok(()); jobs]
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

/// Runs a blocking handler where it may block. Without a runtime that is here: a test may wait for
/// it in any way.
pub async fn run_blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return run() };
    let trace = trace::run();
    let run = move || trace::within_blocking(trace, run);
    match runtime.spawn_blocking(run).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime shuts down: nobody waits for an answer any more.
            Err(_) => std::future::pending().await,
        },
    }
}

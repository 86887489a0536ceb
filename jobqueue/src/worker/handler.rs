//! Handlers.

use super::{
    batch::BatchCall,
    run::Context,
    states::{MissingState, States},
};
use crate::job::{Failure, Job};

/// Runs jobs of one kind. [`#[job]`](macro@crate::job) implements it.
///
/// Written by hand it looks like this:
///
/// ```
/// use jobqueue::{handler::{Definition, Handler, Job}, Context, Failure};
///
/// struct Double;
///
/// impl Job for Double {
///     type Payload = u32;
///     type Output = u64;
///     const DEFINITION: Definition = Definition::new("maths", "double");
/// }
///
/// impl Handler for Double {
///     async fn call(payload: u32, _ctx: Context) -> Result<u64, Failure> {
///         Ok(u64::from(payload) * 2)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "no handler is implemented for these jobs",
    label = "declared without a body, or a `Job` alone",
    note = "implement it: `#[job(implements = path::to::declaration)] async fn … {{ … }}`, and give the worker that function"
)]
pub trait Handler: Job {
    /// Checks that the worker has all state that the handler's arguments ask for; called when it is
    /// built.
    ///
    /// # Errors
    /// The first state that is missing.
    fn check(states: &States) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }

    /// Runs one job.
    fn call(
        payload: Self::Payload,
        ctx: Context,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + Send;

    /// How it runs several jobs at once, if it is a [`BatchHandler`](super::BatchHandler).
    #[doc(hidden)]
    #[must_use]
    fn batch_call() -> Option<BatchCall<Self>>
    where
        Self: Sized,
    {
        None
    }
}

//! Handlers of batches.

use super::{
    call::{BatchCall, WrongCount},
    context::BatchContext,
};
use crate::{
    job::{Failure, Job},
    policy::Batching,
    worker::{
        handler::Handler,
        run::Context,
        states::{MissingState, States},
    },
};

/// Runs several jobs of one kind at once. [`#[job(batch(…))]`](macro@crate::job) implements it; see
/// [batches](crate::docs::batches).
///
/// Written by hand it looks like this:
///
/// ```
/// use std::time::Duration;
/// use jobqueue::{handler::{BatchContext, BatchHandler, Batching, Definition, Job}, Failure};
///
/// struct Index;
///
/// impl Job for Index {
///     type Payload = String;
///     type Output = usize;
///     const DEFINITION: Definition = Definition::new("search", "index");
/// }
///
/// impl BatchHandler for Index {
///     const BATCHING: Batching = Batching::new(50).wait(Duration::from_millis(200));
///
///     async fn call(
///         pages: Vec<String>,
///         _ctx: BatchContext,
///     ) -> Result<Vec<Result<usize, Failure>>, Failure> {
///         Ok(pages.iter().map(|page| Ok(page.len())).collect())
///     }
/// }
/// ```
pub trait BatchHandler: Job {
    /// How many jobs a batch has, and how long it waits for them.
    const BATCHING: Batching;

    /// Checks that the worker has all state that the handler's arguments ask for; called when it is
    /// built.
    ///
    /// # Errors
    /// The first state that is missing.
    fn check(states: &States) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }

    /// Runs a batch. It answers an end for each job, in the order of the payloads, or one failure
    /// for all of them: each of them then has failed its attempt. If it answers more ends or fewer,
    /// all fail for good.
    fn call(
        payloads: Vec<Self::Payload>,
        ctx: BatchContext,
    ) -> impl Future<Output = Result<Vec<Result<Self::Output, Failure>>, Failure>> + Send;
}

/// A job that runs by itself is a batch of one.
impl<B: BatchHandler> Handler for B {
    fn check(states: &States) -> Result<(), MissingState> {
        <B as BatchHandler>::check(states)
    }

    async fn call(payload: B::Payload, ctx: Context) -> Result<B::Output, Failure> {
        let ends = <B as BatchHandler>::call(vec![payload], BatchContext::of(ctx)).await?;
        only_end(ends)
    }

    fn batch_call() -> Option<BatchCall<B>> {
        Some(BatchCall {
            batching: B::BATCHING,
            call: |payloads, ctx| Box::pin(<B as BatchHandler>::call(payloads, ctx)),
        })
    }
}

/// The end of a batch of one.
fn only_end<T>(ends: Vec<Result<T, Failure>>) -> Result<T, Failure> {
    let given = ends.len();
    match ends.into_iter().next() {
        Some(end) if given == 1 => end,
        _ => Err(WrongCount { given, jobs: 1 }.failure()),
    }
}

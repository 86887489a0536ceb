//! Extractors: a handler's arguments after its payload, as in axum.

use std::ops::Deref;

use super::{
    run::Context,
    states::{MissingState, States},
};
use crate::job::Failure;

/// A type that a handler may ask for after its payload.
///
/// [`Context`] and [`State`] are such types; your own are made from those:
///
/// ```
/// use jobqueue::{handler::FromContext, Context, Failure};
///
/// struct Tenant(String);
///
/// impl FromContext for Tenant {
///     async fn from_context(ctx: &Context) -> Result<Self, Failure> {
///         match ctx.header("tenant") {
///             Some(tenant) => Ok(Self(tenant.to_owned())),
///             None => Err(Failure::permanent("the job has no tenant header")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a job handler can't ask for `{Self}`",
    label = "not an extractor",
    note = "the first argument is the payload; further ones are `Context`, `State<T>`, or a type that implements `FromContext`"
)]
pub trait FromContext: Sized + Send {
    /// Checks that the worker has the state that this needs; called when the worker is built.
    ///
    /// # Errors
    /// The state that is missing.
    fn check(states: &States) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }

    /// Makes the value for one run. A failure ends the run like one of the handler's own.
    fn from_context(ctx: &Context) -> impl Future<Output = Result<Self, Failure>> + Send;
}

impl FromContext for Context {
    async fn from_context(ctx: &Context) -> Result<Self, Failure> {
        Ok(ctx.clone())
    }
}

/// State that the worker was given with [`state`](super::WorkerBuilder::state): a pool, a client, a
/// setting.
///
/// ```
/// # use jobqueue::{job, State};
/// # #[derive(Clone)] struct Db;
/// #[job]
/// async fn count_users(_: (), db: State<Db>) -> u64 {
///     let _db: &Db = &db;
///     42
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromContext for State<T> {
    fn check(states: &States) -> Result<(), MissingState> {
        states.get::<T>().map(drop)
    }

    async fn from_context(ctx: &Context) -> Result<Self, Failure> {
        let state = ctx.states().get::<T>().map_err(Failure::permanent)?;
        Ok(Self(state.clone()))
    }
}

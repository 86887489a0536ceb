//! Handlers' further arguments: extractors, in the way of axum.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    ops::Deref,
    sync::Arc,
};

use super::run::Context;
use crate::{job::Failure, value_error::Invalid};

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
    /// Whether the worker has what this needs; called when the worker is built.
    ///
    /// # Errors
    /// What is missing.
    fn check(states: &States) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }

    /// Makes the value for one run. A failure ends the run as the handler's own would.
    fn from_context(ctx: &Context) -> impl Future<Output = Result<Self, Failure>> + Send;
}

impl FromContext for Context {
    async fn from_context(ctx: &Context) -> Result<Self, Failure> {
        Ok(ctx.clone())
    }
}

/// What a worker was given with [`state`](super::WorkerBuilder::state): a pool, a client, a setting.
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

/// The values that a worker was given, one a type.
#[derive(Clone, Default)]
pub struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    /// The value of a type.
    ///
    /// # Errors
    /// The worker was given none.
    pub fn get<T: Any>(&self) -> Result<&T, MissingState> {
        self.0
            .get(&TypeId::of::<T>())
            .and_then(|value| value.downcast_ref())
            .ok_or(MissingState { wanted: type_name::<T>() })
    }

    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").field("count", &self.0.len()).finish_non_exhaustive()
    }
}

/// A handler asks for state that its worker was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker has no state of type `{wanted}`: give it one with `.state(…)`")]
pub struct MissingState {
    wanted: &'static str,
}

impl MissingState {
    /// The same as the error of a worker that can't be built.
    pub(super) fn of_handler(self, name: &str) -> Invalid {
        let wanted = self.wanted;
        let problem = format!("handler {name:?} needs a state of type `{wanted}`");
        Invalid::setup(problem, "give it to the worker with `.state(…)`")
    }
}

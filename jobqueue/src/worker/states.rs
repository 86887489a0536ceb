//! Shared state that a worker gives its handlers.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use crate::value_error::Invalid;

/// The state of a worker: one value a type.
#[derive(Clone, Default)]
pub struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    /// The value of a type.
    ///
    /// # Errors
    /// The worker has none.
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

/// A handler asks for state that its worker doesn't have.
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

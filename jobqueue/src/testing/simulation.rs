//! What a simulation of whole systems needs: a time that jumps, an executor, and a network of its
//! own. For this repository's own tests.

use std::{any::Any, pin::Pin, rc::Rc, sync::Arc};

use chrono::{DateTime, TimeDelta};
use tokio::io::DuplexStream;

use crate::{
    client::{Client, ClientBuilder},
    clock::virtual_time::{self, Epoch},
    store::Destination,
    task::placing,
};

/// A task of the library.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A clock that goes as tokio's does.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Epoch);

impl Clock {
    /// A clock that is now at this time, in ms since the epoch.
    #[must_use]
    pub fn starting_at(ms: i64) -> Self {
        Self(Epoch::starting_at(DateTime::from_timestamp_millis(ms).unwrap_or_default()))
    }

    /// A clock that is ahead of this one by so many ms, or behind it.
    #[must_use]
    pub fn moved(self, ms: i64) -> Self {
        Self(self.0.moved(TimeDelta::milliseconds(ms)))
    }

    /// From now on, the library has this time in this thread.
    pub fn enter(self) {
        self.0.enter();
    }
}

/// Gives this thread an executor of its own, which takes each of the library's tasks over and gives
/// what ends it when it is dropped.
pub fn run_tasks_in(executor: impl Fn(Task) -> Box<dyn Any + Send> + 'static) {
    placing::set(Some(Rc::new(executor)));
}

/// Gives this thread the system's time and tokio's executor again.
pub fn leave() {
    virtual_time::leave();
    placing::set(None);
}

/// A client that dials by this.
pub fn client(dial: impl Fn() -> DuplexStream + Send + Sync + 'static) -> ClientBuilder {
    Client::builder_of(Destination::Elsewhere(Arc::new(dial)))
}

//! A first look at a run, in the pump's own task.
//!
//! On a runtime of one thread a run gains nothing by a task of its own before it waits for something, and
//! one that never waits then needs none: to make, queue and end a task is a third of what such a run
//! costs. So the pump polls each run once; one that isn't ready then goes on in a task, which polls it
//! anew.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    time::Instant,
};

/// For how long a pump may run jobs itself before it lets others of its thread go on.
const LIMIT: Duration = Duration::from_millis(1);

/// Whether a pump runs jobs itself.
#[derive(Debug)]
pub(crate) struct InlinePoll {
    /// With more threads than one, a run that computes would keep its pump from working.
    alone: bool,
    until: Option<Instant>,
}

impl InlinePoll {
    /// For a pump of the runtime that this is called in.
    pub(crate) fn new() -> Self {
        let flavor = Handle::current().runtime_flavor();
        Self { alone: flavor == RuntimeFlavor::CurrentThread, until: None }
    }

    /// From now on, for a while.
    pub(crate) fn open(&mut self) {
        self.until = self.alone.then(|| Instant::now() + LIMIT);
    }

    /// Not any more.
    pub(crate) fn close(&mut self) {
        self.until = None;
    }

    /// Polls a run. What came of it if it has ended by that: its outcome, or none if it panicked outside of
    /// its handler, as it would have ended its task by that.
    pub(crate) fn at<F: Future>(&self, run: Pin<&mut F>) -> Option<Option<F::Output>> {
        self.until.filter(|until| Instant::now() < *until)?;
        // Nobody needs to be woken: a run that waits is polled again as soon as it has its task.
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| run.poll(&mut context))) {
            Ok(Poll::Ready(outcome)) => Some(Some(outcome)),
            Ok(Poll::Pending) => None,
            Err(_) => Some(None),
        }
    }
}

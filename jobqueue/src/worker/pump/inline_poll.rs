//! The first poll of a run, in the pump's own task.
//!
//! On a runtime of one thread a run gains nothing from a task of its own before it waits for
//! something, and a run that never waits needs none: making, queueing and ending a task is a third
//! of such a run's cost. So the pump polls each run once; a run that isn't ready then goes on in a
//! task, which polls it again.

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

use crate::worker::run::discard;

/// For how long a pump may run jobs itself before it yields its thread.
const LIMIT: Duration = Duration::from_millis(1);

/// Whether the pump polls runs itself.
#[derive(Debug)]
pub(super) struct InlinePoll {
    /// On more threads than one, a run that computes would only delay its pump.
    alone: bool,
    until: Option<Instant>,
}

impl InlinePoll {
    /// For a pump on the current runtime.
    pub(super) fn new() -> Self {
        let flavor = Handle::current().runtime_flavor();
        Self { alone: flavor == RuntimeFlavor::CurrentThread, until: None }
    }

    /// Polls from now on, for a while.
    pub(super) fn open(&mut self) {
        self.until = self.alone.then(|| Instant::now() + LIMIT);
    }

    /// Polls no more.
    pub(super) fn close(&mut self) {
        self.until = None;
    }

    /// Polls a run once. If it ends: its output, or none if it panicked outside of its handler,
    /// which would have ended its task.
    pub(super) fn poll<F: Future>(&self, run: Pin<&mut F>) -> Option<Option<F::Output>> {
        self.until.filter(|until| Instant::now() < *until)?;
        // No waker is needed: a run that waits is polled again as soon as it has its task.
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| run.poll(&mut context))) {
            Ok(Poll::Ready(outcome)) => Some(Some(outcome)),
            Ok(Poll::Pending) => None,
            Err(panic) => {
                discard(panic);
                Some(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        pin::pin,
    };

    use super::*;

    #[tokio::test]
    async fn a_run_that_is_ready_needs_no_task() {
        let mut poll = InlinePoll::new();
        poll.open();
        assert_eq!(poll.poll(pin!(ready(7))), Some(Some(7)));
        assert_eq!(poll.poll(pin!(pending::<u8>())), None, "it waits, so it needs one");
    }

    #[tokio::test]
    async fn a_run_that_panics_ends_without_an_output() {
        let mut poll = InlinePoll::new();
        poll.open();
        let panics = pin!(async { panic!("outside of a handler") });
        assert_eq!(poll.poll(panics), Some(None::<()>));
    }

    #[tokio::test]
    async fn it_polls_only_while_it_is_open() {
        let mut poll = InlinePoll::new();
        assert_eq!(poll.poll(pin!(ready(7))), None);
        poll.open();
        poll.close();
        assert_eq!(poll.poll(pin!(ready(7))), None);
        poll.until = Some(Instant::now());
        assert_eq!(poll.poll(pin!(ready(7))), None, "its time is over");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_many_threads_every_run_has_a_task() {
        let mut poll = InlinePoll::new();
        poll.open();
        assert_eq!(poll.poll(pin!(ready(7))), None);
    }
}

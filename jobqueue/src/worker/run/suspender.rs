//! What the handler of a run waits for, and whether the run may end for it. The handler's future
//! stays where it is: whoever polls it drops it, so no code between can take a suspension for an
//! error.

use std::{
    fmt,
    future::poll_fn,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    task::Poll,
};

use futures_util::{FutureExt as _, task::AtomicWaker};
use tokio::time::Instant;

use crate::{job::Suspension, settle::Suspended};

/// The waits of one run. They are few: a run has one, unless its handler joins several.
#[derive(Default)]
pub(crate) struct Suspender {
    state: Mutex<State>,
    /// Whoever polls the handler. A task of the handler's own may begin a wait, too.
    waker: AtomicWaker,
}

#[derive(Default)]
struct State {
    waits: Vec<(u64, Wait)>,
    newest: u64,
    /// How much is under way that must be recorded before the run ends.
    busy: usize,
    replayed: bool,
    behind: bool,
}

/// Why a handler is polled no more.
#[derive(Debug)]
pub(super) enum Halt {
    /// It waits for what another run goes on with.
    Suspended(Suspended),
    /// It has replayed all that is recorded, and was to do no more.
    Replayed,
    /// What is recorded is of a newer version than this program knows.
    Behind,
}

/// One thing that a handler waits for.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    /// In ms since the epoch by the server's clock.
    pub(crate) until: u64,
    /// The same by this process's clock.
    pub(crate) at: Instant,
    /// What may end it sooner.
    pub(crate) signal: Option<String>,
}

impl Suspender {
    /// The handler waits for this until the guard is dropped.
    pub(crate) fn wait(&self, wait: Wait) -> Waiting<'_> {
        let mut state = self.state();
        state.newest += 1;
        let number = state.newest;
        state.waits.push((number, wait));
        drop(state);
        self.waker.wake();
        Waiting { suspender: self, number }
    }

    /// Something begins that must be recorded before the run ends.
    pub(crate) fn begin(&self) {
        self.state().busy += 1;
    }

    /// It has ended.
    pub(crate) fn end(&self) {
        self.state().busy -= 1;
        self.waker.wake();
    }

    /// The run is one that only replays what is recorded, and that has come to its end.
    pub(crate) fn end_replay(&self) {
        self.state().replayed = true;
        self.waker.wake();
    }

    /// Another program has to go on with it, which knows newer versions than this.
    pub(crate) fn leave_to_others(&self) {
        self.state().behind = true;
        self.waker.wake();
    }

    /// Whether it was left to others: then it doesn't count what the handler has come to.
    pub(crate) fn is_left(&self) -> bool {
        self.state().behind
    }

    /// Waits until nothing is under way any more. For whoever has polled the handler.
    pub(super) async fn idle(&self) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.state().busy == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// For what the run ends now, if it does.
    fn halt(&self) -> Option<Halt> {
        let mut state = self.state();
        if state.busy > 0 {
            return None;
        }
        if state.behind {
            return Some(Halt::Behind);
        }
        if std::mem::take(&mut state.replayed) {
            return Some(Halt::Replayed);
        }
        let (_, first) = state.waits.iter().min_by_key(|(_, wait)| wait.until)?;
        let (until, at) = (first.until, first.at);
        let mut signals: Vec<String> =
            state.waits.iter().filter_map(|(_, wait)| wait.signal.clone()).collect();
        signals.sort_unstable();
        signals.dedup();
        Some(Halt::Suspended(Suspended { wait: Suspension { until, signals }, at }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls a handler until it ends, or waits for what another run goes on with. Most handlers never
/// do, and have no suspender.
pub(super) fn until_suspended<F: Future + Unpin>(
    suspender: &OnceLock<Box<Suspender>>,
    mut running: F,
) -> impl Future<Output = Result<F::Output, Halt>> {
    poll_fn(move |cx| {
        if let Some(suspender) = suspender.get() {
            suspender.waker.register(cx.waker());
        }
        match running.poll_unpin(cx) {
            Poll::Ready(end) => Poll::Ready(Ok(end)),
            Poll::Pending => match suspender.get().and_then(|it| it.halt()) {
                Some(halt) => Poll::Ready(Err(halt)),
                None => Poll::Pending,
            },
        }
    })
}

/// See [`Suspender::wait`].
#[must_use]
pub(crate) struct Waiting<'a> {
    suspender: &'a Suspender,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.suspender.state().waits.retain(|(number, _)| *number != self.number);
    }
}

impl fmt::Debug for Suspender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Suspender")
            .field("waits", &state.waits)
            .field("busy", &state.busy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::{sync::Notify, task::yield_now};

    use super::*;

    type Shared = Arc<OnceLock<Box<Suspender>>>;

    fn shared() -> Shared {
        Arc::new(OnceLock::from(Box::<Suspender>::default()))
    }

    fn wait(until: u64, signal: Option<&str>) -> Wait {
        let at = Instant::now() + Duration::from_millis(until);
        Wait { until, at, signal: signal.map(str::to_owned) }
    }

    async fn waits(of: &Shared, wait: Wait) {
        let _waiting = of.get().expect("one").wait(wait);
        std::future::pending::<()>().await;
    }

    fn of(end: Result<(), Halt>) -> (u64, Vec<String>) {
        let Err(Halt::Suspended(Suspended { wait, .. })) = end else { panic!("{end:?}") };
        (wait.until, wait.signals)
    }

    #[tokio::test]
    async fn a_run_ends_for_the_first_of_its_waits_or_any_of_their_signals() {
        let all = shared();
        let handler = async {
            let one = waits(&all, wait(7_000, Some("b")));
            let two = waits(&all, wait(5_000, None));
            let three = waits(&all, wait(9_000, Some("a")));
            tokio::join!(one, two, three);
        };
        let end = of(until_suspended(&all, Box::pin(handler)).await);
        assert_eq!(end, (5_000, vec!["a".to_owned(), "b".to_owned()]));
    }

    #[tokio::test]
    async fn what_is_under_way_ends_first() {
        let all = shared();
        let done = Notify::new();
        let handler = async {
            let step = async {
                all.get().expect("one").begin();
                yield_now().await;
                all.get().expect("one").end();
                done.notify_one();
            };
            tokio::join!(waits(&all, wait(1, None)), step);
        };
        assert_eq!(of(until_suspended(&all, Box::pin(handler)).await).0, 1);
        done.notified().await;
    }

    #[tokio::test]
    async fn a_wait_that_is_dropped_is_none() {
        let all = shared();
        let handler = async {
            tokio::select! {
                biased;
                () = waits(&all, wait(1, None)) => {}
                () = std::future::ready(()) => {}
            }
            yield_now().await;
        };
        assert!(until_suspended(&all, Box::pin(handler)).await.is_ok());
    }

    #[tokio::test]
    async fn a_task_of_the_handlers_own_may_wait() {
        let all = shared();
        let theirs = Arc::clone(&all);
        let task = tokio::spawn(async move {
            yield_now().await;
            waits(&theirs, wait(3, None)).await;
        });
        let end = until_suspended(&all, std::future::pending::<()>()).await;
        assert_eq!(of(end).0, 3);
        task.abort();
    }
}

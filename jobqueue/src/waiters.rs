//! Waiting for jobs: many tasks wait, each for one id, and one reader tells them.
//!
//! The reader is a background task that reads from Redis and calls [`Waiters::tell`]. It runs while
//! anyone waits and a little longer; [`SharedReader`] starts it, and starts another after its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle, time::Instant};

use crate::{hashing::RandomState, job::JobId};

/// How long a reader goes on without waiters: a task that has waited for one job often waits for
/// the next.
const LINGER: Duration = Duration::from_secs(10);

/// A reader that runs on demand, and the tasks that wait for it.
#[derive(Debug)]
pub(crate) struct SharedReader<T> {
    waiters: Arc<Waiters<T>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<T> Default for SharedReader<T> {
    fn default() -> Self {
        Self { waiters: Arc::default(), task: Mutex::default() }
    }
}

impl<T> SharedReader<T> {
    /// Waits for an id from now on. If no reader runs, `start` starts one.
    pub(crate) fn wait_for(
        &self,
        id: &JobId,
        start: impl FnOnce(Arc<Waiters<T>>) -> JoinHandle<()>,
    ) -> Waiter<T> {
        let mut task = lock(&self.task);
        let (waiter, has_reader) = self.waiters.enter(id);
        // A reader may also have ended with its runtime.
        if !has_reader || task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(start(Arc::clone(&self.waiters)));
        }
        waiter
    }
}

impl<T> Drop for SharedReader<T> {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }
}

/// The tasks that wait, by the id that each waits for.
#[derive(Debug)]
pub(crate) struct Waiters<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    slots: HashMap<JobId, Vec<Arc<Slot<T>>>, RandomState>,
    /// When the last waiter left.
    idle_since: Instant,
    /// Whether a reader tells the waiters, until it says that it ends.
    has_reader: bool,
}

/// Where a waiter finds the newest value that it was told.
#[derive(Debug)]
struct Slot<T> {
    value: Mutex<Option<T>>,
    told: Notify,
}

impl<T> Default for Waiters<T> {
    fn default() -> Self {
        let (slots, idle_since) = (HashMap::default(), Instant::now());
        Self(Mutex::new(State { slots, idle_since, has_reader: false }))
    }
}

impl<T> Waiters<T> {
    /// A new waiter, and whether it finds a reader. If not, the caller starts one.
    fn enter(self: &Arc<Self>, id: &JobId) -> (Waiter<T>, bool) {
        let slot = Arc::new(Slot { value: Mutex::new(None), told: Notify::new() });
        let mut state = lock(&self.0);
        state.slots.entry(id.clone()).or_default().push(Arc::clone(&slot));
        let has_reader = std::mem::replace(&mut state.has_reader, true);
        (Waiter { waiters: Arc::clone(self), slot, id: id.clone() }, has_reader)
    }

    fn leave(&self, id: &JobId, slot: &Arc<Slot<T>>) {
        let mut state = lock(&self.0);
        if let Some(slots) = state.slots.get_mut(id) {
            slots.retain(|other| !Arc::ptr_eq(other, slot));
            if slots.is_empty() {
                state.slots.remove(id);
                state.idle_since = Instant::now();
            }
        }
    }

    /// Ends the reader if nobody has waited for a while: with `true` it must return. Waiters that
    /// come later start another one.
    pub(crate) fn end_if_idle(&self) -> bool {
        self.end_if_idle_for(LINGER)
    }

    fn end_if_idle_for(&self, limit: Duration) -> bool {
        let mut state = lock(&self.0);
        let ends = state.slots.is_empty() && state.idle_since.elapsed() > limit;
        state.has_reader = !ends;
        ends
    }
}

impl<T: Clone> Waiters<T> {
    /// Gives all waiters for an id a value, in place of one that they haven't fetched yet. Answers
    /// whether there are any.
    pub(crate) fn tell(&self, id: &JobId, value: &T) -> bool {
        let state = lock(&self.0);
        let Some(slots) = state.slots.get(id) else { return false };
        slots.iter().for_each(|slot| slot.fill(value.clone()));
        true
    }

    /// The ids that are waited for, at most this many.
    pub(crate) fn ids(&self, most: usize) -> Vec<JobId> {
        lock(&self.0).slots.keys().take(most).cloned().collect()
    }
}

impl<T> Slot<T> {
    fn fill(&self, value: T) {
        *lock(&self.value) = Some(value);
        self.told.notify_one();
    }
}

/// A task that waits for an id, until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiter<T> {
    waiters: Arc<Waiters<T>>,
    slot: Arc<Slot<T>>,
    id: JobId,
}

impl<T> Waiter<T> {
    /// Waits for the next value. Dropped half-way it loses none.
    pub(crate) async fn told(&mut self) -> T {
        loop {
            if let Some(value) = lock(&self.slot.value).take() {
                return value;
            }
            self.slot.told.notified().await;
        }
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        self.waiters.leave(&self.id, &self.slot);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;

    use super::*;

    type Reader = SharedReader<&'static str>;

    /// A waiter, and whether a reader was started for it.
    fn wait(reader: &Reader, id: &JobId) -> (Waiter<&'static str>, bool) {
        let mut started = false;
        let waiter = reader.wait_for(id, |_| {
            started = true;
            tokio::spawn(pending())
        });
        (waiter, started)
    }

    #[tokio::test]
    async fn each_waiter_is_told_of_its_own_id() {
        let (reader, ids) = (Reader::default(), [JobId::generate(), JobId::generate()]);
        let [(mut first, _), (mut second, _), (mut other, _)] =
            [&ids[0], &ids[0], &ids[1]].map(|id| wait(&reader, id));
        assert!(reader.waiters.tell(&ids[0], &"done"));
        assert_eq!(first.told().await, "done");
        assert_eq!(second.told().await, "done");
        assert_eq!(other.told().now_or_never(), None);
        assert_eq!((reader.waiters.ids(9).len(), reader.waiters.ids(1).len()), (2, 1));
        assert_eq!(first.told().now_or_never(), None, "each value once");
    }

    #[tokio::test]
    async fn a_value_waits_for_its_waiter_and_a_newer_one_replaces_it() {
        let (reader, id) = (Reader::default(), JobId::generate());
        let (mut waiter, _) = wait(&reader, &id);
        reader.waiters.tell(&id, &"old");
        reader.waiters.tell(&id, &"new");
        assert_eq!(waiter.told().await, "new");
        assert_eq!(waiter.told().now_or_never(), None);
    }

    #[tokio::test]
    async fn a_waiter_that_is_gone_is_not_told() {
        let (reader, id) = (Reader::default(), JobId::generate());
        let (mut stays, _) = wait(&reader, &id);
        drop(wait(&reader, &id));
        assert!(reader.waiters.tell(&id, &"done"));
        assert_eq!(stays.told().await, "done");
        drop(stays);
        assert!(!reader.waiters.tell(&id, &"done"));
    }

    #[tokio::test]
    async fn one_reader_serves_all_and_ends_some_time_after_the_last() {
        let (reader, id) = (Reader::default(), JobId::generate());
        let (first, started) = wait(&reader, &id);
        assert!(started);
        let (second, started) = wait(&reader, &JobId::generate());
        assert!(!started);
        assert!(!reader.waiters.end_if_idle_for(Duration::ZERO), "two wait");
        drop((first, second));
        assert!(!reader.waiters.end_if_idle(), "not long enough");
        assert!(!wait(&reader, &id).1, "it still runs");
        std::thread::sleep(Duration::from_millis(1));
        assert!(reader.waiters.end_if_idle_for(Duration::ZERO));
        assert!(wait(&reader, &id).1, "another one starts");
    }

    #[test]
    fn a_reader_that_ended_with_its_runtime_is_replaced() {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (reader, id) = (Reader::default(), JobId::generate());
        let first = runtime();
        let mut waiter = first.block_on(async { wait(&reader, &id).0 });
        drop(first);
        runtime().block_on(async {
            assert!(wait(&reader, &JobId::generate()).1, "another one starts");
            reader.waiters.tell(&id, &"done");
            assert_eq!(waiter.told().await, "done", "earlier waiters are told too");
        });
    }

    #[tokio::test]
    async fn the_reader_is_aborted_with_its_owner() {
        let (reader, id) = (Reader::default(), JobId::generate());
        let (gone, mut is_gone) = tokio::sync::oneshot::channel::<()>();
        let _waiter = reader.wait_for(&id, |_| {
            tokio::spawn(async move {
                let _gone = gone;
                pending::<()>().await;
            })
        });
        assert!(
            is_gone
                .try_recv()
                .is_err_and(|error| { error == tokio::sync::oneshot::error::TryRecvError::Empty })
        );
        drop(reader);
        assert!(is_gone.await.is_err());
    }
}

//! The relays of a client, and the state that they share.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};
use tracing::warn;

use super::early_reply::EarlyReplies;
use crate::{
    error::{Error, Operation},
    job::QueueName,
    store::{QueueStore, Store},
};

/// The relays of a client: at most one for each outbox.
#[derive(Clone, Debug)]
pub(crate) struct Relays {
    inner: Arc<Inner>,
    /// None in a relay's own task.
    _user: Option<Arc<User>>,
}

/// A part of the program that may write to an outbox. A relay whose target is stuck ends with the
/// last one.
#[derive(Debug)]
struct User;

#[derive(Debug)]
struct Inner {
    store: Store,
    users: Weak<User>,
    /// Outboxes that are being relayed.
    running: Mutex<HashMap<QueueName, Running>>,
    /// Notified when a relay ends.
    ended: Notify,
    early_replies: EarlyReplies,
}

/// An outbox that is being relayed.
#[derive(Debug, Default)]
struct Running {
    /// Whether it got more entries since the relay's last look.
    has_more: bool,
    /// Whether the relay should end when only stuck targets miss anything.
    is_finishing: bool,
    signals: Arc<Signals>,
}

/// What a relay in the background is told.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// There are new entries, or it should end.
    pub(super) news: Notify,
    /// Stuck targets should be tried at once.
    pub(super) tries: Notify,
    /// Why a target is stuck.
    problem: Mutex<Option<Error>>,
}

impl Signals {
    pub(super) fn note_problem(&self, error: Error) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Why entries don't arrive, as far as it is known here.
    pub(super) fn problem(&self) -> Error {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        problem.unwrap_or_else(|| {
            let action = Operation::new("relay effects on other queues");
            Error::unavailable(action, "another process relays them, and they don't arrive")
        })
    }
}

impl Relays {
    pub(crate) fn new(store: Store) -> Self {
        let (user, running) = (Arc::new(User), Mutex::default());
        let (users, ended) = (Arc::downgrade(&user), Notify::new());
        let early_replies = EarlyReplies::default();
        let inner = Arc::new(Inner { store, users, running, ended, early_replies });
        Self { inner, _user: Some(user) }
    }

    /// For a relay's own task, which doesn't keep itself alive.
    pub(super) fn for_task(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), _user: None }
    }

    pub(super) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The store of a flow's home.
    pub(crate) fn home(&self, home: &QueueName) -> QueueStore {
        self.store().queue(home)
    }

    /// Replies that were sent before a relay finds them.
    pub(super) fn early_replies(&self) -> &EarlyReplies {
        &self.inner.early_replies
    }

    /// Marks an outbox as being relayed. If it is already, its relay is told to look once more.
    pub(super) fn begin(&self, source: &QueueName) -> Option<Arc<Signals>> {
        match self.running().entry(source.clone()) {
            Entry::Occupied(mut running) => {
                running.get_mut().has_more = true;
                running.get().signals.news.notify_one();
                None
            }
            Entry::Vacant(new) => Some(Arc::clone(&new.insert(Running::default()).signals)),
        }
    }

    /// Whether a relay has nothing more to look for, and ends. The look and the end are one step,
    /// so that no new entry falls between the two.
    pub(super) fn end_unless_more(&self, source: &QueueName) -> bool {
        let mut running = self.running();
        match running.get_mut(source) {
            Some(found) if found.has_more => {
                found.has_more = false;
                false
            }
            _ => {
                running.remove(source);
                true
            }
        }
    }

    /// Ends a relay, whether there is more or not.
    pub(super) fn end(&self, source: &QueueName) {
        self.running().remove(source);
    }

    /// Tells those who wait for it that a relay has ended.
    pub(super) fn notify_ended(&self) {
        self.inner.ended.notify_waiters();
    }

    pub(super) fn is_running(&self, source: &QueueName) -> bool {
        self.running().contains_key(source)
    }

    /// Whether a relay whose targets are stuck looks once more: it was told of more entries, or
    /// somebody is left who may write to the outbox.
    pub(super) fn is_needed(&self, source: &QueueName) -> bool {
        let mut running = self.running();
        let Some(running) = running.get_mut(source) else { return false };
        let has_more = std::mem::take(&mut running.has_more);
        has_more || (!running.is_finishing && self.inner.users.strong_count() > 0)
    }

    /// Has stuck targets of an outbox tried at once. Answers why they are stuck.
    pub(super) fn have_tried(&self, source: &QueueName) -> Error {
        let signals = self.running().get(source).map(|running| Arc::clone(&running.signals));
        let signals = signals.unwrap_or_default();
        signals.tries.notify_waiters();
        signals.problem()
    }

    /// Waits until this client relays nothing of a queue, at most for this long. What stuck targets
    /// miss is left to other processes.
    pub(crate) async fn finish(&self, source: &QueueName, limit: Duration) {
        let idle = async {
            loop {
                let ended = self.inner.ended.notified();
                match self.running().get_mut(source) {
                    None => return,
                    Some(running) => {
                        running.is_finishing = true;
                        running.signals.news.notify_one();
                    }
                }
                ended.await;
            }
        };
        if timeout(limit, idle).await.is_err() {
            warn!(queue = %source, "effects are still in the outbox; another process relays them");
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<QueueName, Running>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Hooks: what is called when a person should know. Off the pump's way, and none is missed while a burst of
//! events passes.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use serde::Serialize;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tracing::{error, warn};

use crate::{
    job::{JobFailure, JobId, JobName, QueueName},
    policy::ErrorClass,
};

/// An error of a class that a person has to see to; see [`RetryRule::alert`](crate::retry::RetryRule::alert).
///
/// Serialized: its fields.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Alert {
    /// The job's queue.
    pub queue: QueueName,
    /// The job.
    pub id: JobId,
    /// Its name.
    pub name: JobName,
    /// Of which class the error was.
    pub class: ErrorClass,
    /// What it was.
    pub failure: JobFailure,
}

/// A job that failed for good and goes to a dead-letter queue.
///
/// Serialized: its fields.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DeadLettered {
    /// The job.
    pub id: JobId,
    /// The dead-letter queue that it goes to.
    pub to: QueueName,
    /// Why.
    pub failure: JobFailure,
}

type OnAlert = Box<dyn Fn(&Alert) + Send + Sync>;
type OnDeadLetter = Box<dyn Fn(&DeadLettered) + Send + Sync>;

/// What a worker was told to call.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) alert: Vec<OnAlert>,
    pub(crate) dead_letter: Vec<OnDeadLetter>,
}

/// What hooks are told.
#[derive(Debug)]
pub(crate) enum HookCall {
    Alert(Alert),
    DeadLettered(DeadLettered),
    /// All that came before is to be told now.
    Flush(oneshot::Sender<()>),
}

/// How many notices may wait for slow hooks before further ones are only logged.
const BACKLOG: usize = 10_000;

/// How long a worker that ends waits for its hooks.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The way to the hooks; none where there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct HookSender(Option<mpsc::Sender<HookCall>>);

/// Who answers the bell, and calls the hooks.
pub(crate) struct HookTask {
    hooks: Hooks,
    notices: mpsc::Receiver<HookCall>,
}

impl Hooks {
    /// Both ends of the way to them.
    pub(crate) fn connect(self) -> (HookSender, Option<HookTask>) {
        if self.alert.is_empty() && self.dead_letter.is_empty() {
            return (HookSender(None), None);
        }
        let (ring, notices) = mpsc::channel(BACKLOG);
        (HookSender(Some(ring)), Some(HookTask { hooks: self, notices }))
    }

    fn call(&self, notice: HookCall) {
        // A hook that panics costs nobody but itself.
        let call = |hook: &dyn Fn()| {
            if catch_unwind(AssertUnwindSafe(hook)).is_err() {
                error!("a worker's hook panicked");
            }
        };
        match notice {
            HookCall::Alert(alert) => self.alert.iter().for_each(|hook| call(&|| hook(&alert))),
            HookCall::DeadLettered(dead_letter) => {
                self.dead_letter.iter().for_each(|hook| call(&|| hook(&dead_letter)));
            }
            HookCall::Flush(done) => drop(done.send(())),
        }
    }
}

impl HookTask {
    /// Calls the hooks until nobody is left to ring.
    pub(crate) async fn listen(mut self) {
        while let Some(notice) = self.notices.recv().await {
            self.hooks.call(notice);
        }
    }
}

impl HookSender {
    /// Whether anybody hears.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn ring(&self, notice: impl FnOnce() -> HookCall) {
        if let Some(ring) = &self.0
            && ring.try_send(notice()).is_err()
        {
            warn!("a worker's hooks are too slow: one wasn't called");
        }
    }

    /// Waits until the hooks have been told all, or for as long as that is worth.
    pub(crate) async fn flush(&self) {
        let Some(ring) = &self.0 else { return };
        let (done, told) = oneshot::channel();
        let flush = async {
            if ring.send(HookCall::Flush(done)).await.is_ok() {
                let _ = told.await;
            }
        };
        if timeout(LAST_WORDS, flush).await.is_err() {
            warn!("the worker has ended before all of its hooks were called: they are too slow");
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alert, dead_letter } = self;
        f.debug_struct("Hooks")
            .field("alert", &alert.len())
            .field("dead_letter", &dead_letter.len())
            .finish()
    }
}

impl fmt::Debug for HookTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Porter").field(&self.hooks).finish()
    }
}

//! Hooks: functions of the user's, called when a person should know. They run on a task of their
//! own, so they delay no job; and unlike events, calls aren't missed in a burst.

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

/// An error of a class that needs a person; see
/// [`RetryRule::alert`](crate::retry::RetryRule::alert).
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
    /// The error's class.
    pub class: ErrorClass,
    /// The error.
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

/// The hooks of a worker.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) alert: Vec<OnAlert>,
    pub(crate) dead_letter: Vec<OnDeadLetter>,
}

/// One call of hooks.
#[derive(Debug)]
pub(super) enum HookCall {
    Alert(Alert),
    DeadLettered(DeadLettered),
    /// Answered when all calls before it are made.
    Flush(oneshot::Sender<()>),
}

/// How many calls may wait for slow hooks before further ones are dropped.
const BACKLOG: usize = 10_000;

/// How long a worker that ends waits for its hooks.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends calls to the hook task; without hooks it sends nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct HookSender(Option<mpsc::Sender<HookCall>>);

/// Calls the hooks, one after another.
pub(crate) struct HookTask {
    hooks: Hooks,
    calls: mpsc::Receiver<HookCall>,
}

impl Hooks {
    /// A sender of calls, and the task that makes them.
    pub(crate) fn connect(self) -> (HookSender, Option<HookTask>) {
        if self.alert.is_empty() && self.dead_letter.is_empty() {
            return (HookSender(None), None);
        }
        let (sender, calls) = mpsc::channel(BACKLOG);
        (HookSender(Some(sender)), Some(HookTask { hooks: self, calls }))
    }

    fn call(&self, call: HookCall) {
        // A hook that panics harms nothing else.
        let guarded = |hook: &dyn Fn()| {
            if catch_unwind(AssertUnwindSafe(hook)).is_err() {
                error!("a worker's hook panicked");
            }
        };
        match call {
            HookCall::Alert(alert) => self.alert.iter().for_each(|hook| guarded(&|| hook(&alert))),
            HookCall::DeadLettered(dead_letter) => {
                self.dead_letter.iter().for_each(|hook| guarded(&|| hook(&dead_letter)));
            }
            HookCall::Flush(done) => drop(done.send(())),
        }
    }
}

impl HookTask {
    /// Calls the hooks until every sender is gone.
    pub(crate) async fn run(mut self) {
        while let Some(call) = self.calls.recv().await {
            self.hooks.call(call);
        }
    }
}

impl HookSender {
    /// Whether there are hooks.
    pub(super) fn is_used(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn send(&self, call: impl FnOnce() -> HookCall) {
        if let Some(sender) = &self.0
            && sender.try_send(call()).is_err()
        {
            warn!("a worker's hooks are too slow: one wasn't called");
        }
    }

    /// Waits until all calls so far are made, or the timeout is over.
    pub(super) async fn flush(&self) {
        let Some(sender) = &self.0 else { return };
        let (done, told) = oneshot::channel();
        let flush = async {
            if sender.send(HookCall::Flush(done)).await.is_ok() {
                let _ = told.await;
            }
        };
        if timeout(FLUSH_TIMEOUT, flush).await.is_err() {
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
        f.debug_tuple("HookTask").field(&self.hooks).finish()
    }
}

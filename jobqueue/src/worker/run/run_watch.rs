//! What a test has to do with runs: faults of the next ones, and notes of what they do. It stands
//! among the states of the test's worker.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    job::{Failure, JobId, Transition},
    settle::Decision,
    worker::states::States,
};

/// How many runs ended, and how.
///
/// ```
/// # use jobqueue::{job, testing::TestQueue, Error};
/// # #[job(queue = "mails")]
/// # async fn welcome(user: u64) -> u64 { user }
/// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
/// let app = app.handler(welcome);
/// app.client().add_all(welcome, 0..3).await?;
/// assert_eq!(app.run_until_idle().await?.completed, 3);
/// # Ok(())
/// # }).expect("it passes");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ran {
    /// Runs that succeeded.
    pub completed: usize,
    /// Runs that failed, and whose jobs are retried.
    pub retried: usize,
    /// Runs that failed their jobs for good.
    pub failed: usize,
    /// Runs that counted for nothing: snoozed, rate limited, held by a breaker.
    pub released: usize,
    /// Runs whose handlers wait, and go on in others.
    pub suspended: usize,
    /// Runs whose jobs were cancelled meanwhile, and that had no result.
    pub cancelled: usize,
}

impl Ran {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.completed
            + self.retried
            + self.failed
            + self.released
            + self.suspended
            + self.cancelled
    }

    /// Those of this, but for those of an earlier count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            completed: self.completed - earlier.completed,
            retried: self.retried - earlier.retried,
            failed: self.failed - earlier.failed,
            released: self.released - earlier.released,
            suspended: self.suspended - earlier.suspended,
            cancelled: self.cancelled - earlier.cancelled,
        }
    }

    fn count(&mut self, end: &Transition) {
        let kind = match end {
            Transition::Completed { .. } => &mut self.completed,
            Transition::Retried { .. } => &mut self.retried,
            Transition::Failed { .. } => &mut self.failed,
            Transition::Released { .. } | Transition::Unstarted { .. } => &mut self.released,
            Transition::Suspended(_) => &mut self.suspended,
            Transition::Cancelled { .. } => &mut self.cancelled,
        };
        *kind += 1;
    }
}

/// A fault of a run.
#[derive(Clone, Debug)]
pub(crate) enum RunFault {
    /// The handler isn't called, and fails so.
    Fail(Failure),
    /// The worker dies: after this time of the run, or when it has done all but told its end.
    Crash(Option<Duration>),
    /// Another worker takes the job over while it runs.
    LoseLease,
}

/// What a run told.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// In MessagePack.
    Progress(Vec<u8>),
    Log(String),
}

/// All clones are one.
#[derive(Clone, Debug)]
pub(crate) struct RunWatch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Counts crashes.
    crashes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    faults: HashMap<(String, String), VecDeque<RunFault>>,
    notes: HashMap<JobId, Vec<Note>>,
    ran: Ran,
}

impl Default for RunWatch {
    fn default() -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), crashes: watch::Sender::new(0) }))
    }
}

impl RunWatch {
    /// That of a test's worker.
    pub(super) fn of(states: &States) -> Option<&Self> {
        states.get().ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run of this handler has this fault, after those that were asked for before.
    pub(crate) fn plan(&self, queue: &str, name: &str, fault: RunFault) {
        let of = (queue.to_owned(), name.to_owned());
        self.state().faults.entry(of).or_default().push_back(fault);
    }

    pub(super) fn next_fault(&self, queue: &str, name: &str) -> Option<RunFault> {
        let of = (queue.to_owned(), name.to_owned());
        self.state().faults.get_mut(&of)?.pop_front()
    }

    /// How many runs have ended, and how.
    pub(crate) fn ran(&self) -> Ran {
        self.state().ran
    }

    /// What a job's runs have told.
    pub(crate) fn take_notes(&self, id: &JobId) -> Vec<Note> {
        self.state().notes.remove(id).unwrap_or_default()
    }

    /// Crashes from now on.
    pub(crate) fn crashes(&self) -> Crashes {
        Crashes(self.0.crashes.subscribe())
    }

    /// The worker is dead. Who runs it drops it, and this with it.
    pub(super) async fn crash(&self) -> ! {
        self.0.crashes.send_modify(|crashes| *crashes += 1);
        std::future::pending().await
    }
}

/// Crashes of the worker.
pub(crate) struct Crashes(watch::Receiver<u64>);

impl Crashes {
    /// Waits for the next.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// A run reports progress, or a line of its log.
pub(super) fn note(states: &States, id: &JobId, note: impl FnOnce() -> Note) {
    if let Some(watch) = RunWatch::of(states) {
        watch.state().notes.entry(id.clone()).or_default().push(note());
    }
}

/// A run has ended.
pub(super) fn ended(states: &States, decision: &Decision) {
    if let Some(watch) = RunWatch::of(states) {
        watch.state().ran.count(&decision.end);
    }
}

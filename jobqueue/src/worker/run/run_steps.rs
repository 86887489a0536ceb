//! The parts of a run whose handler has steps.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::OnceCell;

use super::{
    journal::{Journal, Part, Spot},
    suspender::Suspender,
};
use crate::{
    error::Result,
    job::{BoxFuture, Failure, JobId},
    store::QueueStore,
    value_error::Corrupt,
};

/// What is only there for some handlers.
#[derive(Debug, Default)]
pub(crate) struct RunParts {
    /// Made when the handler first waits for something that another run goes on with. Of a handler
    /// with steps it is there from the beginning: a task of the handler's own may need it first, and
    /// must be heard.
    pub(super) suspender: OnceLock<Box<Suspender>>,
    /// None of a handler that has no steps.
    pub(super) steps: Option<Box<RunSteps>>,
}

impl RunParts {
    /// Of a handler with or without steps.
    pub(crate) fn new(has_steps: bool) -> Self {
        if !has_steps {
            return Self::default();
        }
        Self { suspender: OnceLock::from(Box::default()), steps: Some(Box::default()) }
    }

    /// Of a handler that a test calls, with the signals that it gets.
    #[cfg(feature = "testing")]
    pub(crate) fn with_signals(signals: Vec<(String, Vec<u8>)>) -> Self {
        let steps = RunSteps { given: Mutex::new(signals), ..RunSteps::default() };
        Self { steps: Some(Box::new(steps)), ..Self::default() }
    }
}

/// The parts of a run whose handler has steps.
#[derive(Debug, Default)]
pub(crate) struct RunSteps {
    counts: Mutex<Counts>,
    journal: OnceCell<Journal>,
    broken: AtomicBool,
    replays: AtomicBool,
    /// In how many loops the handler works on an item.
    loops: AtomicUsize,
    compensations: Mutex<Vec<Compensation>>,
    /// Signals of a run without Redis, with their names.
    given: Mutex<Vec<(String, Vec<u8>)>>,
}

/// What is done if the job fails for good.
pub(crate) struct Compensation {
    pub(crate) spot: Spot,
    pub(crate) run: Box<dyn FnOnce() -> BoxFuture<Result<(), Failure>> + Send>,
}

impl fmt::Debug for Compensation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compensation").field(&self.spot).finish()
    }
}

/// Which parts the handler has come to.
#[derive(Debug, Default)]
struct Counts {
    all: u32,
    of: HashMap<(Part, String), u32>,
}

impl Counts {
    /// The number of all, and a line for each kind and name: its number, and as a field begins.
    fn to_text(&self) -> String {
        let mut text = self.all.to_string();
        for ((part, name), count) in &self.of {
            let _ = write!(text, "\n{count} {}{name}", part.letter());
        }
        text
    }

    fn read(text: &str) -> Result<Self, Corrupt> {
        let odd = || Corrupt::new("a recorded loop", "where it is can't be read");
        let mut lines = text.split('\n');
        let all = lines.next().and_then(|all| all.parse().ok()).ok_or_else(odd)?;
        let mut of = HashMap::new();
        for line in lines {
            let (count, field) = line.split_once(' ').ok_or_else(odd)?;
            let part = Part::of(field).ok_or_else(odd)?;
            let name = field.get(1..).ok_or_else(odd)?.to_owned();
            of.insert((part, name), count.parse().map_err(|_| odd())?);
        }
        Ok(Self { all, of })
    }
}

impl RunSteps {
    /// The handler has come to this part.
    pub(crate) fn spot(&self, part: Part, name: String) -> Spot {
        let mut counts = lock(&self.counts);
        let place = counts.all;
        counts.all += 1;
        let nth = counts.of.entry((part, name.clone())).or_default();
        *nth += 1;
        Spot { part, nth: *nth, name, place }
    }

    /// Which parts the handler has come to by now.
    pub(crate) fn counts(&self) -> String {
        lock(&self.counts).to_text()
    }

    /// It goes on as if it had come to these.
    pub(crate) fn resume(&self, counts: &str) -> Result<(), Corrupt> {
        *lock(&self.counts) = Counts::read(counts)?;
        Ok(())
    }

    /// What earlier runs have recorded.
    pub(crate) async fn journal(&self, store: &QueueStore, id: &JobId) -> Result<&Journal> {
        self.journal.get_or_try_init(|| Journal::load(store, id)).await
    }

    /// The first signal of a name that a test has given.
    pub(crate) fn given(&self, name: &str) -> Option<Vec<u8>> {
        let mut given = lock(&self.given);
        let at = given.iter().position(|(it, _)| it == name)?;
        Some(given.remove(at).1)
    }

    /// If the job fails for good, this is done.
    pub(crate) fn register(&self, compensation: Compensation) {
        lock(&self.compensations).push(compensation);
    }

    /// What is done now that it has, in this order.
    pub(super) fn compensations(&self) -> Vec<Compensation> {
        let mut all = std::mem::take(&mut *lock(&self.compensations));
        all.reverse();
        all
    }

    /// This run replays what is recorded, and no more.
    pub(crate) fn replay_only(&self) {
        self.replays.store(true, Ordering::Relaxed);
    }

    /// It has, and goes on to undo that.
    pub(super) fn replay_over(&self) {
        self.replays.store(false, Ordering::Relaxed);
    }

    pub(crate) fn only_replays(&self) -> bool {
        self.replays.load(Ordering::Relaxed)
    }

    /// What is recorded doesn't fit the handler.
    pub(crate) fn break_off(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// The handler works on an item of a loop, or no more.
    pub(crate) fn works_on_item(&self, works: bool) {
        if works {
            self.loops.fetch_add(1, Ordering::Relaxed);
        } else {
            self.loops.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_in_loop(&self) -> bool {
        self.loops.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

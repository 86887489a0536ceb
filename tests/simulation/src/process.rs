//! Processes: what is killed together, stands still together, and has one clock.

use std::{
    cell::RefCell,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use jobqueue::internals::simulation::Clock;

use crate::executor;

/// A process of the simulation. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Process(Arc<Inner>);

struct Inner {
    name: String,
    clock: Clock,
    /// By how many ms its clock is ahead.
    ahead: AtomicI64,
    dead: AtomicBool,
    frozen: AtomicBool,
}

thread_local! {
    static CURRENT: RefCell<Option<Process>> = const { RefCell::new(None) };
}

impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

/// The process whose task is being polled.
///
/// # Panics
/// There is none.
pub(crate) fn current() -> Process {
    CURRENT.with_borrow(Clone::clone).expect("the library spawns from within processes alone")
}

impl Process {
    pub(crate) fn new(name: impl Into<String>, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            clock,
            ahead: AtomicI64::new(0),
            dead: AtomicBool::new(false),
            frozen: AtomicBool::new(false),
        }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Does this as the process, by its clock.
    pub(crate) fn enter<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(Some(self.clone()));
        self.0.clock.moved(self.0.ahead.load(Ordering::Relaxed)).enter();
        let result = act();
        if let Some(before) = &before {
            before.0.clock.moved(before.0.ahead.load(Ordering::Relaxed)).enter();
        }
        CURRENT.set(before);
        result
    }

    pub(crate) fn is_alive(&self) -> bool {
        !self.0.dead.load(Ordering::Relaxed)
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.0.frozen.load(Ordering::Relaxed)
    }

    /// Ends it without a word: what it has sent is on its way, and it does nothing more.
    pub(crate) fn kill(&self) {
        self.0.dead.store(true, Ordering::Relaxed);
        executor::end_all_of(self);
    }

    /// It stands still.
    pub(crate) fn freeze(&self) {
        self.0.frozen.store(true, Ordering::Relaxed);
    }

    /// It goes on.
    pub(crate) fn thaw(&self) {
        self.0.frozen.store(false, Ordering::Relaxed);
        executor::wake_all_of(self);
    }

    /// Its clock jumps by so many ms.
    pub(crate) fn jump(&self, ms: i64) {
        self.0.ahead.fetch_add(ms, Ordering::Relaxed);
    }
}

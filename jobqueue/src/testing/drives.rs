//! Whether a test has jobs run now.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the test has jobs run.
#[derive(Debug)]
pub(super) struct Drives {
    now: AtomicUsize,
    begun: AtomicUsize,
    /// The worker rests in the middle of a run.
    pub(super) rests: AtomicBool,
    /// How many runs may end while time stands still.
    pub(super) most_runs: AtomicUsize,
}

/// The test has jobs run, until this is dropped.
pub(super) struct Driving<'a>(&'a Drives);

/// How many runs may end while time stands still, by default.
const MOST_RUNS: usize = 20_000;

impl Default for Drives {
    fn default() -> Self {
        Self {
            now: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            rests: AtomicBool::new(false),
            most_runs: AtomicUsize::new(MOST_RUNS),
        }
    }
}

impl Drives {
    pub(super) fn begin(&self) -> Driving<'_> {
        self.now.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        Driving(self)
    }

    /// How often it has begun to, if it doesn't now.
    pub(super) fn idle_since(&self) -> Option<usize> {
        let begun = self.begun.load(Ordering::Relaxed);
        (self.now.load(Ordering::Relaxed) == 0).then_some(begun)
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

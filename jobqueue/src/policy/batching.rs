//! How large a batch is, and how long it waits.

use std::time::Duration;

use crate::value_error::Invalid;

/// The most jobs of a batch: as many as one call fetches.
const MOST: usize = 1_000;

/// The longest wait. Jobs that wait in a batch are active, so a batch isn't where jobs are kept.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How many jobs a batch has at most, how long it waits for them, and which of them belong together.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::handler::Batching;
///
/// const BATCHING: Batching = Batching::new(50).wait(Duration::from_millis(200)).by_group();
/// # let _ = BATCHING;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    pub(crate) max: usize,
    pub(crate) wait: Duration,
    pub(crate) by_group: bool,
}

impl Batching {
    /// At most this many jobs, 1 to 1,000. Without a [wait](Self::wait) a batch is what is there at
    /// once.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, wait: Duration::ZERO, by_group: false }
    }

    /// How long the first job of a batch waits for others, at most an hour; not at all by default. A
    /// batch that is full starts sooner.
    #[must_use]
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// All jobs of a batch are of one [group](crate::Add::group); of any by default. Those without a
    /// group are among themselves.
    #[must_use]
    pub const fn by_group(mut self) -> Self {
        self.by_group = true;
        self
    }

    /// What can't work.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        if self.max == 0 || self.max > MOST {
            return Some("a batch has 1 to 1,000 jobs");
        }
        if self.wait.as_nanos() > LONGEST.as_nanos() {
            return Some("a batch waits for an hour at most");
        }
        None
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        match self.problem() {
            Some(problem) => Err(Invalid::setup(problem, "see `Batching`")),
            None => Ok(()),
        }
    }
}

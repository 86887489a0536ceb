//! What a contestant is told to do.

use serde::{Deserialize, Serialize};

/// One line on a contestant's standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Add jobs, and say how long it took.
    Add(Add),
    /// Run jobs until told to stop, saying now and then how many have run.
    Process(Process),
    /// Add jobs and run them in one process, and say how long each waited.
    Latency(Latency),
    /// Stop the worker of [`Task::Process`], and say what ran.
    Stop,
}

/// Jobs to add.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Add {
    /// In what way.
    pub how: How,
    /// How many.
    pub jobs: usize,
    /// How long each payload, a text, is.
    pub bytes: usize,
    /// What the jobs say for themselves.
    #[serde(flatten)]
    pub kind: Kind,
}

/// How jobs are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The next one when the last one is acknowledged.
    One,
    /// From 1,000 tasks at once, each one after another.
    Tasks,
    /// In batches of 1,000, one after another.
    Bulk,
    /// In batches of 100, one after another.
    Bulk100,
}

impl How {
    /// The size of its batches.
    #[must_use]
    pub fn batch(self) -> usize {
        match self {
            Self::One | Self::Tasks => 1,
            Self::Bulk => 1_000,
            Self::Bulk100 => 100,
        }
    }
}

/// What jobs say for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Nothing.
    Plain,
    /// They have two attempts without a wait between them, and the first fails.
    FailOnce,
    /// Five priorities, mixed.
    Priorities,
    /// Each is due at a time of its own, spread evenly.
    Due {
        /// When the first is due, in milliseconds since the epoch.
        from_ms: f64,
        /// From the first to the last, in milliseconds.
        within_ms: f64,
    },
}

impl Kind {
    /// When job `index` of `jobs` is due.
    #[must_use]
    pub fn due_ms(self, index: usize, jobs: usize) -> Option<f64> {
        match self {
            Self::Due { from_ms, within_ms } => {
                Some(from_ms + within_ms * index as f64 / jobs as f64)
            }
            Self::Plain | Self::FailOnce | Self::Priorities => None,
        }
    }
}

/// Jobs to run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Process {
    /// How many at once.
    pub slots: usize,
    /// How many completed jobs are kept: 0 none, -1 all.
    pub keep: i64,
    /// How many jobs there are, over all workers.
    pub jobs: usize,
    /// What they say for themselves.
    #[serde(flatten)]
    pub kind: Kind,
}

/// Jobs to add and to run at the same time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// How many run at once.
    pub slots: usize,
    /// How many jobs there are.
    pub jobs: usize,
    /// How long each payload is.
    pub bytes: usize,
    /// How many are added a second, evenly, whether or not earlier ones have started. 0: the next
    /// one a few milliseconds after the last one has run.
    pub per_second: u64,
}

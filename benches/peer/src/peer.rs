//! The one trait that a contestant in Rust implements.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::{Hello, Kind, Result, Tally, now_ms};

/// A queue, set up as its own documentation recommends for speed.
pub trait Peer: Send + Sync + Sized + 'static {
    /// Connects.
    fn connect(url: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Says who it is.
    fn hello(&self) -> Hello;

    /// Adds one job, and returns when it is acknowledged.
    fn add(&self, job: NewJob) -> impl Future<Output = Result<()>> + Send;

    /// Adds many in one call, and returns when they are acknowledged.
    fn add_bulk(&self, jobs: Vec<NewJob>) -> impl Future<Output = Result<()>> + Send;

    /// Runs a worker until it is told to stop; then what runs ends, and all of it is settled.
    fn work(&self, work: Work) -> impl Future<Output = Result<()>> + Send;
}

/// A job to add.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its number.
    pub index: usize,
    /// Its payload, which begins with the number in ten digits.
    pub payload: String,
    /// What it says for itself.
    pub kind: Kind,
    /// When it is due, in milliseconds since the epoch.
    pub due_ms: Option<f64>,
}

impl NewJob {
    /// Job `index` of `jobs`, with a payload of so many bytes.
    pub(crate) fn new(index: usize, jobs: usize, bytes: usize, kind: Kind) -> Self {
        // Not by a format that fills letter by letter: that took half of the time of an add.
        let payload = format!("{index:010}") + &"x".repeat(bytes.saturating_sub(10));
        Self { index, payload, kind, due_ms: kind.due_ms(index, jobs) }
    }

    /// How long it is to wait from now, in whole milliseconds.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a delay in ms")]
    pub fn delay_ms(&self) -> Option<u64> {
        self.due_ms.map(|due| (due - now_ms()).max(0.0).round() as u64)
    }
}

/// How a worker is to be run.
#[derive(Clone, Debug)]
pub struct Work {
    /// How many jobs at once.
    pub slots: usize,
    /// How many completed jobs are kept: 0 none, -1 all.
    pub keep: i64,
    /// What the handler calls with each payload, and which says whether the run is to succeed.
    pub tally: Tally,
    /// Fires when the worker is to stop.
    pub stop: CancellationToken,
}

//! How far something is that is done to many jobs.

use super::Acted;
use crate::{client::Affected, error::Refused, job::JobId, queue::find::Looked};

/// How many refusals are told one by one.
const TOLD: usize = 100;

/// How far something is that is done to all jobs that a filter means, or what became of it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BulkReport {
    /// How many jobs it has looked at.
    pub looked_at: u64,
    /// To how many it was done.
    pub done: u64,
    /// How many were meant and couldn't be: they had moved, or another job is in the way.
    pub refused: u64,
    /// The first 100 of these, and why.
    pub refusals: Vec<(JobId, Refused)>,
    /// How many can't be read, and were left alone.
    pub unreadable: u64,
    /// Whether it stopped before it had looked at all: its token fired, or it was to be done to no
    /// more jobs.
    pub stopped: bool,
}

impl Affected for BulkReport {
    fn affected(&self) -> Option<u64> {
        Some(self.done)
    }
}

impl BulkReport {
    /// How many jobs were meant so far.
    pub(super) fn found(&self) -> u64 {
        self.done + self.refused
    }

    pub(super) fn look(&mut self, looked: Looked) {
        (self.looked_at, self.unreadable) = (looked.jobs, looked.unreadable);
    }

    pub(super) fn add(&mut self, acted: Acted) {
        self.done += acted.done;
        self.refused += acted.refused.len() as u64;
        let room = TOLD.saturating_sub(self.refusals.len());
        self.refusals.extend(acted.refused.into_iter().take(room));
    }
}

//! How a run ended, as the store is told.

use std::time::Duration;

use super::{
    cancel_reason::CancelReason, effect::Effect, id::JobId, keep::Keep, name::JobName,
    suspension::Suspension, tries::Tries,
};

/// How one run ended.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    pub(crate) id: JobId,
    pub(crate) end: Transition,
    /// What follows from it elsewhere: written in the same step, then relayed.
    pub(crate) effects: Vec<Effect>,
}

/// What becomes of the job.
#[derive(Clone, Debug)]
pub(crate) enum Transition {
    /// It completed; the outcome counts only where the job is kept.
    Completed { keep: Keep, outcome: Vec<u8> },
    /// It failed for good.
    Failed { keep: Keep, outcome: Vec<u8>, error: Vec<u8> },
    /// It is tried again.
    Retried { tries: Tries, delay: Duration, error: Vec<u8> },
    /// It goes back, and this run counts as no attempt.
    Released { delay: Duration, counts: Counts },
    /// It waits without a run, and then goes on: its handler has not ended.
    Suspended(Suspension),
    /// It goes back to its place before it could start: behind a limit of its handler, if named.
    Unstarted { lane: Option<JobName> },
    /// It ends as cancelled: its queue has marked it, and so any end without a result is that.
    Cancelled { reason: CancelReason },
}

/// What a run counts as whose job goes back without an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    Nothing,
    /// Nothing; and the delay is not the job's, but holds its group.
    Hold,
    /// Its worker doesn't know the job: so many have not.
    Miss(u32),
    /// A snooze. With it, so often was the job tried.
    Snooze(Tries),
}

impl Settlement {
    /// About how many bytes it takes on the way.
    pub(crate) fn size(&self) -> usize {
        let end = match &self.end {
            Transition::Completed { outcome, .. } => outcome.len(),
            Transition::Failed { outcome, error, .. } => outcome.len() + error.len(),
            Transition::Retried { error, .. } => error.len(),
            Transition::Suspended(wait) => wait.signals.iter().map(String::len).sum(),
            Transition::Released { .. }
            | Transition::Unstarted { .. }
            | Transition::Cancelled { .. } => 0,
        };
        end + 64 + self.effects.iter().map(Effect::size).sum::<usize>()
    }
}

//! In which order queues are shown, and which are left out.

use std::{cmp::Reverse, time::Duration};

use crate::command::queues::QueueView;

/// A lag from which on it is a matter of its own.
const LATE: Duration = Duration::from_secs(60);

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// What needs a look.
    #[default]
    Trouble,
    Ready,
    Failed,
    Lag,
    Name,
}

impl Sort {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Trouble => Self::Ready,
            Self::Ready => Self::Failed,
            Self::Failed => Self::Lag,
            Self::Lag => Self::Name,
            Self::Name => Self::Trouble,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Lag => "lag",
            Self::Name => "name",
        }
    }

    /// Queues that are ordered by name, in this order.
    pub(super) fn sort(self, queues: &mut [&QueueView]) {
        match self {
            Self::Trouble => queues.sort_by_key(|view| Reverse(trouble(view))),
            Self::Ready => queues.sort_by_key(|view| Reverse(view.ready())),
            Self::Failed => queues.sort_by_key(|view| Reverse(view.glance.failed)),
            Self::Lag => queues.sort_by_key(|view| Reverse(view.lag())),
            Self::Name => {}
        }
    }
}

/// How much a queue needs a look: no worker, then late, then unread letters, failures, a pause, and last
/// what is busy.
fn trouble(view: &QueueView) -> (u8, u64) {
    let glance = &view.glance;
    let lag = view.lag().unwrap_or_default();
    if view.lacks_workers() {
        return (6, lag.as_secs());
    }
    if lag > LATE && !view.entry.paused {
        return (5, lag.as_secs());
    }
    match (view.dead_letters, glance.failed, view.entry.paused) {
        (Some(letters @ 1..), _, _) => (4, letters),
        (_, failed @ 1.., _) => (3, failed),
        (_, _, true) => (2, glance.waiting),
        _ => (1, glance.waiting + glance.active),
    }
}

/// Whether nothing is in it, and nothing happens.
pub(super) fn is_quiet(view: &QueueView) -> bool {
    let glance = &view.glance;
    let jobs = glance.waiting + glance.delayed + glance.active + glance.failed;
    let moves = view.rates.is_some_and(|rates| rates.added + rates.completed + rates.failed > 0.0);
    jobs == 0 && !moves && !view.entry.paused && view.dead_letters.unwrap_or(0) == 0
}

//! Checks of queues.

mod dead_letters;
mod layout;
mod leases;
mod outbox;
mod paused;
mod schedules;
mod size;
mod workers;

use jobqueue::{
    manage::QueueEntry,
    stats::QueueStats,
    types::{DateTime, Utc},
};

pub(crate) use self::{
    layout::check as layout, schedules::check as schedules, size::check as size,
};
use crate::{Finding, Subject, Thresholds};

/// What is wrong with a queue, by a snapshot of it, and by what the registry says of it. Nothing is
/// sent: what takes more than that only [`Doctor::run`](crate::Doctor::run) finds.
#[must_use]
pub fn queue_findings(
    stats: &QueueStats,
    entry: &QueueEntry,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let view = View { stats, entry, thresholds };
    let checks = [workers::check, dead_letters::check, outbox::check, leases::check, paused::check];
    checks.into_iter().filter_map(|check| check(&view)).collect()
}

/// What a check sees.
struct View<'a> {
    stats: &'a QueueStats,
    entry: &'a QueueEntry,
    thresholds: &'a Thresholds,
}

impl View<'_> {
    fn subject(&self) -> Subject {
        Subject::Queue(self.stats.queue.clone())
    }

    fn is_served(&self) -> bool {
        self.stats.workers_alive() > 0
    }

    /// When the oldest waiting job became ready.
    fn behind_since(&self) -> Option<DateTime<Utc>> {
        let lag = self.stats.lag();
        (!lag.is_zero()).then(|| self.stats.at - lag)
    }
}

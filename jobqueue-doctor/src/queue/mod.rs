//! Checks of queues.

mod dead_letters;
mod layout;
mod leases;
mod orphans;
mod outbox;
mod paused;
mod schedules;
mod size;
mod workers;

use std::time::Duration;

use jobqueue::{
    QueueName,
    manage::QueueEntry,
    stats::{QueueGlance, QueueStats},
    types::{DateTime, Utc},
};

pub(crate) use self::{
    layout::check as layout, orphans::check as orphans, schedules::check as schedules,
    size::check as size,
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
    let gone = stats.workers.iter().filter(|worker| worker.lease.is_zero());
    let view = View {
        entry,
        thresholds,
        queue: &stats.queue,
        at: stats.at,
        paused: stats.counts.paused,
        waiting: stats.counts.waiting,
        delayed: stats.counts.delayed,
        lag: stats.lag(),
        is_served: stats.workers_alive() > 0,
        effects: stats.counts.effects,
        oldest_effect: stats.oldest_effect,
        held_by_none: gone.map(|worker| worker.active).sum(),
    };
    let checks = [workers::check, dead_letters::check, outbox::check, leases::check, paused::check];
    checks.into_iter().filter_map(|check| check(&view)).collect()
}

/// The same by a [glance](jobqueue::Client::glance), for lists of many queues. What that doesn't
/// tell, leases and what goes to other queues, isn't looked at.
#[must_use]
pub fn glance_findings(
    glance: &QueueGlance,
    entry: &QueueEntry,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let view = View {
        entry,
        thresholds,
        queue: &glance.queue,
        at: glance.at,
        paused: glance.paused,
        waiting: glance.waiting,
        delayed: glance.delayed,
        lag: glance.lag(),
        is_served: glance.workers_alive > 0,
        effects: 0,
        oldest_effect: None,
        held_by_none: 0,
    };
    let checks = [workers::check, dead_letters::check, paused::check];
    checks.into_iter().filter_map(|check| check(&view)).collect()
}

/// What a check sees.
struct View<'a> {
    entry: &'a QueueEntry,
    thresholds: &'a Thresholds,
    queue: &'a QueueName,
    at: DateTime<Utc>,
    paused: bool,
    waiting: u64,
    delayed: u64,
    lag: Duration,
    is_served: bool,
    /// Effects on other queues that haven't arrived, and the age of the oldest.
    effects: u64,
    oldest_effect: Option<Duration>,
    /// Jobs of workers whose lease ran out.
    held_by_none: u64,
}

impl View<'_> {
    fn subject(&self) -> Subject {
        Subject::Queue(self.queue.clone())
    }

    /// When the oldest waiting job became ready.
    fn behind_since(&self) -> Option<DateTime<Utc>> {
        (!self.lag.is_zero()).then(|| self.at - self.lag)
    }
}

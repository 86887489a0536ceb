//! What a worker tells of schedules.

use tracing::{info, warn};

use super::{Telemetry, WorkerEvent};
use crate::{
    error_chain::chain,
    job::{QueueName, ScheduleId},
    schedule::Kept,
    value_error::Corrupt,
};

impl Telemetry {
    /// A schedule isn't as the code declares it.
    pub(crate) fn schedule_kept(&self, queue: &QueueName, id: &ScheduleId, kept: &Kept) {
        let reason = match kept {
            Kept::Paused => {
                info!(%queue, schedule = %id, "an operator has paused it: it stays so");
                "paused"
            }
            Kept::Moved => {
                info!(%queue, schedule = %id, "an operator has chosen its timing: it stays so");
                "moved"
            }
            Kept::Other(owner) => {
                warn!(%queue, schedule = %id, owner, "another owner declares it: left alone");
                "another owner"
            }
        };
        let (queue, schedule) = (queue.clone(), id.clone());
        let reason = reason.to_owned();
        self.events.send(|| WorkerEvent::ScheduleKept { queue, schedule, reason });
    }

    /// A schedule is gone, since its owner declares it no more.
    pub(crate) fn schedule_retired(&self, queue: &QueueName, id: &ScheduleId) {
        info!(%queue, schedule = %id, "retired: its owner declares it no more");
        let (queue, schedule) = (queue.clone(), id.clone());
        self.events.send(|| WorkerEvent::ScheduleRetired { queue, schedule });
    }

    /// A schedule is due that this worker can't read.
    pub(crate) fn schedule_unread(&self, queue: &QueueName, id: &ScheduleId, problem: &Corrupt) {
        let reason = chain(problem).to_string();
        warn!(
            %queue,
            schedule = %id,
            reason,
            "a schedule is due that this worker can't read: it leaves it to others"
        );
        let (queue, schedule) = (queue.clone(), id.clone());
        self.events.send(|| WorkerEvent::ScheduleUnread { queue, schedule, reason });
    }
}

//! Schedules in a worker: it fires those that are due in its queues, whatever jobs they add, and
//! makes those that its handlers declare.
//!
//! A pump hears from each of its calls when the first schedule of its queue is due, and tells its
//! *ticker*, which sleeps until then. So ticks wait for no free slot, and a queue without schedules
//! costs no call but one a minute. One ticker of a queue looks after the ticks at a time; the others
//! look a second after each, in case its process died.

mod declare;
mod ticker;

use tokio::task::JoinSet;

use super::pump::PumpConfig;
use crate::task::boxed;

pub(super) use declare::declare;
use ticker::Ticker;

/// Fires what is due in a pump's queue, until the set is dropped.
pub(super) fn look_after(config: &PumpConfig) -> JoinSet<()> {
    let mut task = JoinSet::new();
    task.spawn(boxed(Ticker::new(config).run()));
    task
}

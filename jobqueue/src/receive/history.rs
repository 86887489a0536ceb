//! The history of a queue whose jobs are received by hand: receives report its totals, its depth and
//! its lag, as workers do. A call a minute, of all receives of a process on a queue.

use std::time::Duration;

use tracing::debug;

use super::rounds::Rounds;
use crate::{
    error_chain::chain,
    queue::Queue,
    store::worker::{Observe, Observed},
    task::boxed,
};

/// How often a process reports.
const EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Reports(Rounds);

/// Reports if it is time, while the receive goes on. A report that fails is lost: the next one has
/// its totals.
pub(super) fn report_aside(queue: &Queue) {
    if !queue.client().shared::<Reports>().0.take_due(queue.name(), EVERY) {
        return;
    }
    let queue = queue.clone();
    tokio::spawn(boxed(async move {
        if let Err(error) = queue.store().call(&Observe { observed: &Observed::default() }).await {
            debug!(queue = %queue.name(), error = %chain(&error), "a queue's history lacks a look");
        }
    }));
}

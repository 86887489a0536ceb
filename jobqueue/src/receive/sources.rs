//! Outboxes from which effects come to a queue whose jobs are received by hand: receives check them, as
//! the workers of a queue do, since a process may die between writing to one and relaying it.

use std::time::Duration;

use tracing::debug;

use super::rounds::Rounds;
use crate::{error_chain::chain, job::QueueName, queue::Queue, task::boxed};

/// How often a process checks: a small call, and one more for each source.
const EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Checks(Rounds);

/// Checks if it is time, while the receive goes on. So is the queue of its dead letters, though that is
/// no source until something is redriven from it.
pub(super) fn check_aside(queue: &Queue, letters: Option<&QueueName>) {
    if !queue.client().shared::<Checks>().0.take_due(queue.name(), EVERY) {
        return;
    }
    let (queue, letters) = (queue.clone(), letters.cloned());
    tokio::spawn(boxed(async move {
        let relays = queue.client().relays();
        match queue.store().sources().await {
            Ok(sources) => {
                let sources = sources.iter().filter_map(|(source, _)| source.parse().ok());
                for source in sources.chain(letters) {
                    relays.check(&source, queue.name()).await;
                }
            }
            Err(error) => {
                let queue = queue.name();
                debug!(%queue, error = %chain(&error), "the sources of a queue could not be read");
            }
        }
    }));
}

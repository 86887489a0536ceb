//! What all runs of a pump share.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::watch;

use super::hold::Hold;
use crate::{
    client::Client,
    job::{QueueName, WorkerId},
    outbox::Relays,
    store::QueueStore,
    worker::{config::SpanHook, telemetry::Telemetry},
};

/// The way from the runs of a pump to Redis, and to the worker's subscribers.
pub(crate) struct RunShared {
    pub(crate) store: QueueStore,
    /// The name under which the pump holds jobs now: it changes when a lease was lost.
    pub(crate) worker: watch::Receiver<WorkerId>,
    /// Until when it surely holds them.
    pub(crate) hold: Arc<Hold>,
    pub(crate) telemetry: Telemetry,
    /// Called with the span of each run that has a trace.
    pub(crate) on_span: Option<SpanHook>,
    /// Sends replies to callers.
    pub(crate) relays: Relays,
    pub(crate) dead_letters: DeadLetterQueues,
    /// Starts flows.
    pub(crate) client: Client,
    /// How often, and for how long, a job is left to others that this worker doesn't know enough for.
    pub(crate) unknown_limit: u32,
    pub(crate) unknown_delay: Duration,
}

/// The dead-letter queues of a worker and of its queue.
#[derive(Debug, Default)]
pub(crate) struct DeadLetterQueues {
    of_worker: Option<QueueName>,
    /// As the last turn said.
    of_queue: RwLock<Option<QueueName>>,
}

impl DeadLetterQueues {
    pub(crate) fn new(of_worker: Option<QueueName>) -> Self {
        Self { of_worker, of_queue: RwLock::default() }
    }

    /// Takes note of the queue's own.
    pub(crate) fn note(&self, of_queue: Option<QueueName>) {
        // It hardly ever changes, and the write lock would delay runs.
        if *self.of_queue.read().unwrap_or_else(PoisonError::into_inner) != of_queue {
            *self.of_queue.write().unwrap_or_else(PoisonError::into_inner) = of_queue;
        }
    }

    /// Where jobs of `queue` go that fail for good: as their handler says, else as the worker says,
    /// else as the queue says; never to the queue itself.
    pub(crate) fn choose(
        &self,
        queue: &QueueName,
        of_handler: Option<&QueueName>,
    ) -> Option<QueueName> {
        let to = match of_handler.or(self.of_worker.as_ref()) {
            Some(to) => Some(to.clone()),
            None => self.of_queue.read().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        to.filter(|to| to != queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_names_the_dead_letter_queue_then_the_worker_then_the_queue() {
        let name = |name: &str| Some(name.parse::<QueueName>().expect("a good name"));
        let orders = name("orders").expect("a name");
        for (handler, worker, queue, expected) in [
            (name("a"), name("b"), name("c"), name("a")),
            (None, name("b"), name("c"), name("b")),
            (None, None, name("c"), name("c")),
            (None, None, None, None),
            (None, None, name("orders"), None),
            (name("orders"), name("b"), None, None),
        ] {
            let queues = DeadLetterQueues::new(worker);
            queues.note(queue);
            assert_eq!(queues.choose(&orders, handler.as_ref()), expected);
        }
    }
}

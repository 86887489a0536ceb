//! The stream of a worker's events.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::events::WorkerEvent;

/// What happens in a worker, as a [`Stream`]; see
/// [`WorkerHandle::events`](crate::WorkerHandle::events).
///
/// It ends when the worker and all its handles are gone. A subscriber that falls more than 4,096
/// events behind misses some, and gets [`WorkerEvent::EventsMissed`] in their place.
pub struct WorkerEvents(Pin<Box<dyn Stream<Item = WorkerEvent> + Send + Sync>>);

impl WorkerEvents {
    pub(super) fn new(events: Receiver<WorkerEvent>) -> Self {
        Self(Box::pin(stream::unfold(events, |mut events| async move {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(count)) => WorkerEvent::EventsMissed { count },
                Err(RecvError::Closed) => return None,
            };
            Some((event, events))
        })))
    }

    /// The next event; `None` when the worker and all its handles are gone.
    pub async fn next(&mut self) -> Option<WorkerEvent> {
        self.0.next().await
    }
}

impl Stream for WorkerEvents {
    type Item = WorkerEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for WorkerEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerEvents")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio::sync::broadcast;

    use super::*;
    use crate::{
        job::{FailureReason, JobFailure},
        policy::ErrorClass,
        worker::Alert,
    };

    #[tokio::test]
    async fn a_subscriber_that_falls_behind_learns_it() {
        let (sender, receiver) = broadcast::channel(2);
        let mut events = WorkerEvents::new(receiver);
        for _ in 0..5 {
            sender.send(WorkerEvent::BroadcastsMissed).expect("somebody listens");
        }
        assert!(matches!(events.next().await, Some(WorkerEvent::EventsMissed { count: 3 })));
        assert!(matches!(events.next().await, Some(WorkerEvent::BroadcastsMissed)));
        drop(sender);
        assert!(matches!(events.next().await, Some(WorkerEvent::BroadcastsMissed)));
        assert!(events.next().await.is_none());
    }

    #[test]
    fn the_shape_of_json() {
        let (id, name) = ("job-1".parse().expect("an id"), "ship".parse().expect("a name"));
        let took = Duration::from_micros(12_500);
        let completed = WorkerEvent::Completed { id, name, took };
        let expected = json!({"kind": "completed", "id": "job-1", "name": "ship", "took_ms": 12.5});
        assert_eq!(serde_json::to_value(completed).expect("json"), expected);
        let alert = WorkerEvent::Alert(Alert {
            queue: "orders".parse().expect("a name"),
            id: "job-1".parse().expect("an id"),
            name: "ship".parse().expect("a name"),
            class: ErrorClass::Auth,
            failure: JobFailure {
                reason: FailureReason::Error,
                message: "who is it?".to_owned(),
                causes: Vec::new(),
                attempt: 1,
            },
        });
        let expected = json!({
            "kind": "alert", "queue": "orders", "id": "job-1", "name": "ship", "class": "auth",
            "failure": {"reason": "error", "message": "who is it?", "causes": [], "attempt": 1}
        });
        assert_eq!(serde_json::to_value(alert).expect("json"), expected);
    }
}

//! How time goes on while nothing is due: tasks that wait for a time go on at that time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep_until};

use super::{TestQueue, server::TestServer};
use crate::{error::Result, job::QueueName};

/// So often in a row all tasks get their turn, without a call of the server, until they are taken to
/// wait for the time.
const TURNS: usize = 64;

/// The most turns in all: a task that calls for ever doesn't hold a test up.
const MOST_TURNS: usize = 10_000;

impl TestQueue {
    /// Tasks of the test and of its handlers go on, as far as they come without the time.
    pub(super) async fn settle_tasks(&self) {
        let TestServer::Engine { engine, .. } = &self.server else { return };
        let mut quiet = 0;
        for _ in 0..MOST_TURNS {
            let called = tokio::select! {
                biased;
                () = engine.called() => true,
                () = tokio::task::yield_now() => false,
            };
            quiet = if called { 0 } else { quiet + 1 };
            if quiet == TURNS {
                return;
            }
        }
    }

    /// Lets this time pass, or less of it if something is to run before.
    pub(super) async fn pass(&self, by: Duration, queues: &[QueueName]) {
        let TestServer::Engine { engine, .. } = &self.server else { return };
        let end = self.now() + by;
        let time = sleep_until(Instant::now() + by);
        tokio::pin!(time);
        loop {
            tokio::select! {
                biased;
                () = &mut time => return,
                () = engine.called() => {}
            }
            // A task has called: it may have added something.
            let now = self.now();
            let sooner = self.next_due(queues, now, end).await;
            let sooner = sooner.is_ok_and(|due| due.is_some_and(|due| due < end));
            if self.busy(queues).await.is_some() || sooner {
                return;
            }
        }
    }

    /// When the next job falls due, after now and by then.
    pub(super) async fn next_due(
        &self,
        queues: &[QueueName],
        now: DateTime<Utc>,
        latest: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        let mut next = None;
        for queue in queues {
            let due = self.server.left(&self.client, queue).await?.next;
            let due = due.and_then(DateTime::from_timestamp_millis);
            let due = due.filter(|due| *due > now && *due <= latest);
            next = due.into_iter().chain(next).min();
        }
        Ok(next)
    }
}

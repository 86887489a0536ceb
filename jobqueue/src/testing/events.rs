//! What has happened in a queue.

use super::TestQueue;
use crate::{error::Result, event::Event};

impl TestQueue {
    /// What has happened in a queue since the test began, in order: each event with its jobs. Of the
    /// newest 1,000, or as many as the queue's limits say.
    ///
    /// ```
    /// # use jobqueue::{event::EventKind, job, testing::TestQueue, Error, Failure};
    /// # #[job(queue = "payments", attempts = 1)]
    /// # async fn charge(_: u64) -> Result<(), Failure> { Err(Failure::retry("declined")) }
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// let app = app.handler(charge);
    /// let job = app.client().add(charge, 7).await?;
    /// app.run_until_idle().await?;
    /// let events = app.events("payments").await?;
    /// let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    /// assert_eq!(kinds, [EventKind::Added, EventKind::Active, EventKind::Failed]);
    /// assert!(events.iter().all(|event| event.jobs == [job.id().clone()]));
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    ///
    /// # Errors
    /// The queue's name is invalid, and those of any call.
    pub async fn events(&self, queue: impl AsRef<str>) -> Result<Vec<Event>> {
        Event::all(self.client.queue(queue)?.store()).await
    }
}

//! When jobs run, if not when the test says so.

use std::time::Duration;

use tracing::warn;

use super::{
    TestQueue,
    stage::{Mode, Stage},
};
use crate::{error::Result, error_chain::chain, task::boxed};

impl TestQueue {
    /// From now on a job runs before its add returns, and so do those that it adds. Call it when the
    /// worker is set up.
    ///
    /// - What isn't due waits for its time, as a retry does: [`advance`](Self::advance) runs it.
    /// - An add returns the job's handle, however its run ended: a producer doesn't hear of a
    ///   handler's errors here either. Ask the handle.
    /// - What is published or broadcast is handled at once, too, and dead letters arrive.
    /// - A queue that is paused or throttled keeps its jobs. Its other limits and those of handlers
    ///   don't count: one job runs at a time.
    /// - An add is an error if the worker is set up wrongly, or if jobs add each other without an
    ///   end.
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, Error};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) -> String { format!("welcome, {user}") }
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// let app = app.handler(welcome).inline();
    /// let mail = app.client().add(welcome, 7).await?;
    /// assert_eq!(mail.result().await.expect("it ran"), "welcome, 7");
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    ///
    /// # Panics
    /// The test has chosen another mode.
    #[must_use]
    pub fn inline(self) -> Self {
        assert!(self.stage.set_mode(Mode::Inline), "a test has one mode");
        self
    }

    /// From now on the worker runs, as in production, on the test's time, which goes on whenever
    /// all wait. Call it when the worker is set up.
    ///
    /// For what waits itself: calls, results, listeners, loops of your own. A long time passes in
    /// steps here, since an idle worker looks every five seconds: a day takes some seconds, where
    /// it takes nothing in the other modes.
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, Error};
    /// # #[job(queue = "maths")]
    /// # async fn double(n: u64) -> u64 { n * 2 }
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// let app = app.handler(double).live().await?;
    /// let doubled = app.client().add(double, 21).await?;
    /// assert_eq!(doubled.result().await.expect("it ran"), 42);
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    ///
    /// # Errors
    /// The worker is set up wrongly.
    ///
    /// # Panics
    /// The test has chosen another mode, or the worker has run already.
    pub async fn live(mut self) -> Result<Self> {
        assert!(self.stage.set_mode(Mode::Live), "a test has one mode");
        self.stage.one_by_one()?;
        let stage = self.stage.clone();
        self.live.spawn(boxed(async move { run(&stage).await }));
        // Until it has joined its queues, and listens: then all wait, and time goes on.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(self)
    }
}

/// Runs the worker, and another one whenever it has died.
async fn run(stage: &Stage) {
    let mut place = stage.worker().await;
    let Some(worker) = place.as_mut() else { return };
    loop {
        let mut crashes = stage.watch.crashes();
        tokio::select! {
            biased;
            () = crashes.next() => {}
            ended = worker.run_once_until(std::future::pending()) => {
                if let Err(error) = ended {
                    warn!(error = %chain(&error), "the test's worker has ended");
                }
                return;
            }
        }
    }
}

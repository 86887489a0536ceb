//! Monitoring a queue.

use std::time::Duration;

use tokio::time::sleep;

use super::Queue;
use crate::{
    error::Result,
    stats::{QueueStats, Rates},
    store::queue,
};

impl Queue {
    /// The state of the queue now, in one call: jobs by state, the age of the oldest waiting job,
    /// workers and their leases, totals, effects on their way, and histograms of waits and runs.
    ///
    /// It costs a dozen commands, one for each priority in use (64 at most) and one for each
    /// worker, however many jobs there are. Workers report the histograms and
    /// [`total_retried`](QueueStats::total_retried) every five seconds, and when they end: these
    /// are that much behind, and lack what a killed worker had not reported.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
    /// let stats = orders.stats().await?;
    /// println!("{} wait, the oldest for {:?}", stats.counts.waiting, stats.oldest_waiting);
    /// println!("99 of 100 runs take {:?} at most", stats.run.quantile(0.99));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of any call.
    pub async fn stats(&self) -> Result<QueueStats> {
        self.store().call_retrying(&queue::Stats { queue: self.name() }).await
    }

    /// How fast the queue moves: takes two snapshots, this long apart. To follow a queue, keep
    /// snapshots and compare each with the one before ([`QueueStats::since`]).
    ///
    /// # Errors
    /// Those of any call.
    pub async fn rates(&self, over: Duration) -> Result<Rates> {
        let earlier = self.stats().await?;
        sleep(over).await;
        Ok(self.stats().await?.since(&earlier))
    }
}

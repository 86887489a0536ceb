//! Monitoring: what there is to know of a queue.

use std::time::Duration;

use tokio::time::sleep;

use super::{Queue, dead_letters::DeadLetters};
use crate::{
    error::Result,
    stats::{QueueStats, Rates},
    store::queue,
};

impl Queue {
    /// What there is to know of the queue now, in one call: depth by state, the oldest waiting job's age,
    /// workers and their leases, totals, effects on their way, and histograms of waits and runs.
    ///
    /// Its price is a dozen commands, one for each priority in use (64 at most) and one for each worker, however
    /// many jobs there are. The histograms and [`total_retried`](QueueStats::total_retried) are told by workers every five seconds, and
    /// when they end: they are that much behind, and what a killed worker had not told is missing.
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

    /// How fast the queue moves: two snapshots, and so long between them. To follow a queue, keep snapshots
    /// and compare each with the one before ([`QueueStats::since`]).
    ///
    /// # Errors
    /// Those of any call.
    pub async fn rates(&self, over: Duration) -> Result<Rates> {
        let earlier = self.stats().await?;
        sleep(over).await;
        Ok(self.stats().await?.since(&earlier))
    }
}

impl DeadLetters {
    /// What there is to know of the queue that the letters are in: how many wait, since when the oldest
    /// does, and how many have come since it exists. How many are still on their way is said by the queues
    /// they come from ([`effects`](crate::stats::QueueCounts::effects)).
    ///
    /// # Errors
    /// Those of any call.
    pub async fn stats(&self) -> Result<QueueStats> {
        self.queue().stats().await
    }
}

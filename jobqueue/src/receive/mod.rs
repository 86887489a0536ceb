//! Receiving: jobs for a loop of your own, acknowledged one by one.
//!
//! ```no_run
//! # use jobqueue::{Client, DurationExt, Failure};
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let receiver = client.queue("orders")?.receiver().visibility(1.minutes()).prefetch(10);
//! loop {
//!     for job in receiver.receive(10, 20.seconds()).await? {
//!         match job.payload::<u64>() {
//!             Ok(order) => job.complete_with(&order).await?,
//!             Err(error) => job.fail(Failure::permanent(error)).await?,
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! A [`Delivery`] that isn't acknowledged within its visibility timeout is handed out again, as with SQS.
//! Limits, pauses and dead letters hold as they do for workers. A [`Worker`](crate::Worker) does all of
//! this by itself: receive by hand where your program has to keep the loop.

mod connections;
mod delivery;
mod expire;
mod intake;
mod receive;
mod receiver;
mod session;

pub use delivery::Delivery;
pub use receive::Receive;
pub use receiver::Receiver;

use std::time::Duration;

use crate::queue::Queue;

impl Queue {
    /// Takes up to `max` jobs out, to be acknowledged one by one; waits up to `wait` if there are none. 1 to
    /// 1,000 jobs.
    ///
    /// What isn't acknowledged within the visibility timeout, 30 s unless
    /// [set otherwise](Receive::visibility), is handed out again. For bounds, and for many receives, make a
    /// [`receiver`](Self::receiver).
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, Failure, Queue};
    /// # async fn example(orders: Queue) -> Result<(), Box<dyn std::error::Error>> {
    /// for job in orders.receive(10, 20.seconds()).await? {
    ///     let order: u64 = job.payload()?;
    ///     match order {
    ///         0 => job.fail(Failure::permanent("there is no order 0")).await?,
    ///         _ => job.complete().await?,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive(&self, max: usize, wait: Duration) -> Receive {
        self.receiver().receive(max, wait)
    }

    /// Something to receive jobs with, and to set how.
    #[must_use]
    pub fn receiver(&self) -> Receiver {
        Receiver::new(self.clone())
    }
}

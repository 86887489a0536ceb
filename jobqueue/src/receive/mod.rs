//! Floor 4: jobs by hand, for those who bring a loop of their own.
//!
//! Each receive goes by a worker's name of its own, whose lease is the visibility timeout. So whatever holds
//! for workers holds here: leases that run out, the fence, limits and pauses. A job is acknowledged by
//! itself (`worker/settle`), and may get a lease of its own (`worker/extend`).

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

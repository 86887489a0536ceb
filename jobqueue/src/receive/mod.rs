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
//! A [`Delivery`] that isn't acknowledged within its visibility timeout is handed out again, as
//! with SQS. Limits, pauses and dead letters hold as they do for workers, and a receive fires the
//! [schedules](crate::docs::schedules) of its queue that are due. A
//! [`Worker`](crate::Worker) does all of this by itself: receive by hand where your program has to
//! keep the loop.

mod connections;
mod context;
mod delivery;
mod expire;
mod fetcher;
mod history;
mod receiver;
mod request;
mod rounds;
mod rules;
mod settle;
mod sources;
mod ticks;

pub use delivery::Delivery;
pub use receiver::Receiver;
pub use request::Receive;

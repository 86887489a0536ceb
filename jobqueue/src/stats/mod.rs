//! Monitoring: snapshots of queues, rates between them, histograms, and text for Prometheus.
//!
//! ```no_run
//! # use jobqueue::{Client, DurationExt};
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let orders = client.queue("orders")?;
//! let stats = orders.stats().await?;
//! println!("{} wait; the workers are {:?} behind", stats.counts.waiting, stats.lag());
//! println!("{:.1} jobs a second", orders.rates(10.seconds()).await?.completed);
//! println!("{}", serde_json::to_string(&stats)?); // for a page of your own
//! print!("{}", jobqueue::stats::prometheus_text([&stats])); // for a scrape
//! # Ok(())
//! # }
//! ```
//!
//! [`Queue::stats`](crate::Queue::stats) reads a [`QueueStats`]; [`QueueStats::since`] compares two
//! of them. [`Queue::counts`](crate::Queue::counts) reads less and costs less, and
//! [`Client::glance`](crate::Client::glance) reads many queues at once. All values are
//! `Serialize`.

mod glance;
mod histogram;
mod limits;
mod prometheus;
mod rates;
mod snapshot;

pub use glance::QueueGlance;
pub use histogram::Histogram;
pub use limits::QueueLimits;
pub use prometheus::prometheus_text;
pub use rates::Rates;
pub use snapshot::{QueueStats, WorkerStats};

pub use crate::job::{QueueCounts, WorkerId};

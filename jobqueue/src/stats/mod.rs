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
//! [`Client::glance`](crate::Client::glance) reads many queues at once.
//! [`Queue::history`](crate::Queue::history) reads what has happened in the past ninety days, as a
//! [`History`]. All values are `Serialize`.

mod deploy;
mod glance;
mod histogram;
mod history;
mod history_point;
mod limits;
mod orphans;
mod point_counts;
mod prometheus;
mod rates;
mod resolution;
mod server;
mod snapshot;

pub use deploy::Deploy;
pub use glance::QueueGlance;
pub use histogram::Histogram;
pub use history::{History, HistoryNames, HistoryOf};
pub use history_point::HistoryPoint;
pub use limits::QueueLimits;
pub use orphans::Orphans;
pub(crate) use point_counts::PointCounts;
pub use prometheus::prometheus_text;
pub use rates::Rates;
pub use resolution::Resolution;
pub use server::{Hidden, KeySize, Persistence, ServerMemory, ServerReport, SlowCall};
pub use snapshot::{QueueStats, WorkerStats};

pub use crate::job::{QueueCounts, WorkerId};

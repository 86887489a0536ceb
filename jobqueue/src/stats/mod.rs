//! Floor 1: what a queue's monitoring sees, as values: a snapshot, the rates between two of them, histograms,
//! and the text that Prometheus reads.

mod histogram;
mod limits;
mod prometheus;
mod rates;
mod snapshot;

pub use histogram::Histogram;
pub use limits::QueueLimits;
pub use prometheus::prometheus_text;
pub use rates::Rates;
pub use snapshot::{QueueStats, WorkerStats};

pub use crate::job::QueueCounts;

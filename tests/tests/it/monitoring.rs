//! Monitoring: what a queue says of itself.

mod stats;

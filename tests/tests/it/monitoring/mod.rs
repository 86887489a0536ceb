//! Monitoring: statistics and metrics of a queue, and the trace of a job from hop to hop.

mod exposition;
mod facade;
mod glance;
mod health;
mod history;
mod log;
mod recorder;
mod scrape;
mod spans;
mod stats;
mod trace;

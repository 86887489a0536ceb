//! Monitoring: what a queue says of itself, and the trace of a job from hop to hop.

mod exposition;
mod facade;
mod recorder;
mod scrape;
mod spans;
mod stats;
mod trace;

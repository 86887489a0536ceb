//! Flows: jobs that wait for jobs.

mod graph;
mod random;

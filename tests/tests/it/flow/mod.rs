//! Flows: jobs that wait for jobs.

mod faults;
mod graph;
mod random;

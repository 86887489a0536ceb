//! Flows: jobs that wait for jobs.

mod children;
mod faults;
mod graph;
mod random;

//! Flows: jobs that wait for jobs.

mod cancel;
mod children;
mod deadline;
mod faults;
mod gather;
mod graph;
mod json;
mod nested;
mod orphans;
mod pairs;
mod parts;
mod random;
mod reading;
mod removal;
mod retry;

//! Payloads, and all else that is shown, as trees, with secrets hidden.
//!
//! | file | what it has |
//! | --- | --- |
//! | `tree` | a value as a tree, with its numbers as they are written |
//! | `redaction` | what is hidden |
//! | `of_job` | a job's payload and result as trees |

mod of_job;
mod redaction;
mod tree;

pub(crate) use of_job::{Body, job_tree, letter_tree, payload, progress, push_jobs, result};
pub use redaction::Redaction;
pub(crate) use tree::Tree;

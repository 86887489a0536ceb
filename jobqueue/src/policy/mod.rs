//! Floor 1: decisions, as functions of values. When to try again, what to keep, how fast to go.

mod backoff;
mod duration;
mod overflow;
mod rate;
mod retain;
mod retry;

pub use backoff::Backoff;
pub(crate) use backoff::BackoffParts;
pub use duration::DurationExt;
pub use overflow::Overflow;
pub use rate::Rate;
pub use retain::Retain;
pub use retry::Verdict;
pub(crate) use retry::{NextStep, after_failure};

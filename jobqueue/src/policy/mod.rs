//! Floor 1: decisions, as functions of values. When to try again, what to keep, how fast to go, where to.

mod backoff;
mod duration;
mod filter;
mod rate;
mod retain;
mod retry;
mod routing;

pub use backoff::Backoff;
pub(crate) use backoff::BackoffParts;
pub use duration::DurationExt;
pub use filter::Filter;
pub use rate::Rate;
pub use retain::Retain;
pub use retry::Verdict;
pub(crate) use retry::{NextStep, after_failure};
pub(crate) use routing::{Pattern, RoutingKey};

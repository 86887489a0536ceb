//! Floor 1: decisions, as functions of values. When to try again, what to keep, how fast to go, where to.

mod backoff;
mod breaker;
mod class;
mod duration;
mod filter;
mod matrix;
mod overflow;
mod rate;
mod retain;
mod retry;
mod retry_after;
mod routing;

pub use backoff::Backoff;
pub(crate) use backoff::BackoffParts;
pub use breaker::Breaker;
pub(crate) use breaker::{Admission, Change, Circuit, Sign};
pub use class::ErrorClass;
pub use duration::DurationExt;
pub use filter::Filter;
pub use matrix::{RetryPolicy, RetryRule};
pub use overflow::Overflow;
pub use rate::Rate;
pub use retain::Retain;
pub use retry::Verdict;
pub(crate) use retry::{Chances, NextStep, after_failure};
pub use retry_after::retry_after;
pub(crate) use routing::{Pattern, RoutingKey};

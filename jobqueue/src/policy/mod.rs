//! Floor 1: decisions, as functions of values. When to try again, what to keep, how fast to go,
//! where to.

mod backoff;
mod batching;
mod bounds;
mod breaker;
mod duration;
mod error_class;
mod filter;
mod group_limits;
mod overflow;
mod rate;
mod retention;
pub(crate) mod retry_after;
mod retry_policy;
mod routing;
pub(crate) mod schedule;
mod verdict;

pub use backoff::Backoff;
pub(crate) use backoff::BackoffParts;
pub use batching::Batching;
pub(crate) use bounds::{check_events, check_max_active, check_max_length};
pub use breaker::Breaker;
pub(crate) use breaker::{Admission, Change, Circuit, ProbeResult};
pub use duration::DurationExt;
pub(crate) use duration::{LONGEST_WAIT, whole_millis};
pub use error_class::ErrorClass;
pub use filter::Filter;
pub use group_limits::{AfterFailure, GroupLimits};
pub use overflow::Overflow;
pub use rate::Rate;
pub use retention::Retain;
pub use retry_after::retry_after;
pub use retry_policy::{RetryPolicy, RetryRule};
pub(crate) use routing::{Pattern, RoutingKey};
pub use verdict::Verdict;
pub(crate) use verdict::{Attempt, RetryDecision, after_failure};

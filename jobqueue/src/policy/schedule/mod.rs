//! When schedules are due: their ticks, and what becomes of those that nobody was there for.

#[cfg(feature = "schedules")]
mod cron;
mod declared;
mod every;
mod late;
mod plan;
mod rule;
mod timing;

#[cfg(feature = "schedules")]
pub use cron::Cron;
pub(crate) use declared::DeclaredTiming;
pub use every::Every;
pub use late::{CatchUp, Overlap};
pub(crate) use plan::{Step, plan};
pub(crate) use rule::TickRule;
pub use timing::Timing;
pub(crate) use timing::TimingParts;

/// The latest time that is reckoned with, in ms since the epoch: the year 10889.
pub(crate) const LATEST_MS: i64 = 1 << 48;

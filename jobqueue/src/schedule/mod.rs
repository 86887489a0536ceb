//! Schedules: jobs that come again and again. [The guide](crate::docs::schedules) explains them.
//!
//! | file | what it has |
//! | --- | --- |
//! | `add` | a schedule about to be made, with its options |
//! | `write` | how it is written, and what an operator's changes mean for it |
//! | `declared` | the schedules that a worker's handlers declare |
//! | `info`, `operate` | looking at schedules, and changing them |
//! | `fire` | what becomes of those that are due |

mod add;
mod declared;
mod fire;
mod info;
mod operate;
mod write;

#[cfg(feature = "schedules")]
pub use crate::policy::schedule::Cron;
pub use crate::{
    job::{DeclaredSchedule, ScheduleId, Scheduled, ScheduledPayload},
    policy::schedule::{CatchUp, Every, Overlap, Timing},
};

pub use add::AddSchedule;
pub(crate) use declared::{Declare, Declared, Kept};
pub(crate) use fire::{Pass, fire_due};
pub use info::ScheduleInfo;
pub use operate::Schedules;

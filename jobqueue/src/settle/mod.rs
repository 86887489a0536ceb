//! Decisions about jobs, as functions of values: whether a fetched job runs, and what becomes of it
//! when it has ended. No Redis, no runtime. Workers and receives decide alike.
//!
//! ```text
//! fetched → intake → run or hand out → decide → dead letter → reply → settlement
//! ```

mod dead_letter;
mod decide;
mod decision;
mod defaults;
mod intake;
mod lifetime;
mod reply;
mod run_outcome;
mod run_policy;
mod server_clock;
mod stopped;
mod suspended;

pub(crate) use dead_letter::DeadLetterRoute;
pub(crate) use decide::{EndedJob, decide, decide_run, fail};
pub(crate) use decision::Decision;
pub(crate) use defaults::JobDefaults;
pub(crate) use intake::{Candidate, HandoutLimit, History, Intake, Known, Rejection, intake};
pub(crate) use reply::unheard;
pub(crate) use run_outcome::RunOutcome;
pub(crate) use run_policy::RunPolicy;
pub(crate) use server_clock::ServerClock;
pub(crate) use stopped::stopped;
pub(crate) use suspended::Suspended;

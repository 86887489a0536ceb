//! What is done.
//!
//! | file | what it has |
//! | --- | --- |
//! | `perform` | the way of one change: who may, what it is, where to go then |
//! | `single` | changes of one job |
//! | `edit` | jobs and dead letters with another payload |
//! | `subject` | which jobs a request means |
//! | `tasks` | work on many jobs: what runs and what ran |
//! | `noted` | word of what was refused, and of what the library doesn't note |
//! | `replay` | messages of a topic once more |
//! | `run` | how it runs, in the background |

mod edit;
mod noted;
mod perform;
mod replay;
mod run;
mod single;
mod subject;
mod tasks;

pub(crate) use edit::{edit_of, fingerprint, stands_alone};
pub(crate) use noted::Refusals;
pub(crate) use perform::routes;
pub(crate) use replay::Replay;
pub(crate) use subject::{Count, Subject};
pub(crate) use tasks::{Ended, Task, TaskState, Tasks};

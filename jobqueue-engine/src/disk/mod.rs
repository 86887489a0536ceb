//! The keyspace on disk: a log of what calls did, and snapshots.
//!
//! | file | what |
//! | --- | --- |
//! | `manifest` | which of the others count |
//! | `log-000007` | what calls did, one frame each |
//! | `base-000007` | all that was done before the log of that number, as a snapshot |
//!
//! A frame is what one call did to the keyspace, as commands that do it again whenever they are
//! carried out ([`effects`](crate::effects)). So a call is there as a whole or not at all, and
//! reading a log runs no script and asks no clock.

mod base;
mod compact;
mod error;
mod files;
mod frame;
mod header;
mod keeper;
mod log;
mod manifest;
mod options;
mod progress;
mod read;
mod recover;
mod tail;
#[cfg(test)]
mod tests;

pub use self::{
    error::OpenError,
    options::{Fsync, FsyncError, Options},
};
pub(crate) use self::{files::Files, log::Log, progress::NotKept};

//! Scripts on single jobs and batches of them.

mod add;
mod cancel;
mod delay;
mod edit;
mod log;
mod over;
mod priority;
mod progress;
mod promote;
mod read;
mod remove;
mod retry;
mod retry_many;
mod transfer;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use add::{Add, Added, Due, Duplicates, Full, Instead, NewJob, PARKED};
pub(crate) use cancel::{Cancel, Whereabouts};
pub(crate) use delay::Delay;
pub(crate) use edit::Edit;
pub(crate) use log::Log;
pub(crate) use over::Over;
pub(crate) use priority::Priority;
pub(crate) use progress::Progress;
pub(crate) use promote::Promote;
pub(crate) use read::Read;
pub(crate) use remove::{Removal, Remove};
pub(crate) use retry::Retry;
pub(crate) use retry_many::{Rerun, RetryMany};
pub(crate) use transfer::{Departure, Transfer, Transferred};

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 14] {
    [
        Add::SCRIPT,
        Cancel::SCRIPT,
        Delay::SCRIPT,
        Edit::SCRIPT,
        Over::SCRIPT,
        Log::SCRIPT,
        Priority::SCRIPT,
        Progress::SCRIPT,
        Promote::SCRIPT,
        Read::SCRIPT,
        Remove::SCRIPT,
        Retry::SCRIPT,
        RetryMany::SCRIPT,
        Transfer::SCRIPT,
    ]
}

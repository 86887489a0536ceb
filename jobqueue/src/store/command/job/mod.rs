//! Scripts on single jobs and batches of them.

mod add;
mod cancel;
mod delay;
mod edit;
mod expect;
mod log;
mod over;
mod priority;
mod progress;
mod promote;
mod read;
mod record;
mod remove;
mod retry;
mod retry_many;
mod signal;
mod steps;
mod transfer;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use add::{Add, Added, Due, Duplicates, Full, Instead, NewJob, PARKED};
pub(crate) use cancel::{Cancel, Whereabouts};
pub(crate) use delay::Delay;
pub(crate) use edit::Edit;
pub(crate) use expect::{ExpectSignal, Expected, Until};
pub(crate) use log::Log;
pub(crate) use over::Over;
pub(crate) use priority::Priority;
pub(crate) use progress::Progress;
pub(crate) use promote::Promote;
pub(crate) use read::Read;
pub(crate) use record::RecordStep;
pub(crate) use remove::{Removal, Remove};
pub(crate) use retry::Retry;
pub(crate) use retry_many::{Rerun, RetryMany};
pub(crate) use signal::Signal;
pub(crate) use steps::Steps;
pub(crate) use transfer::{Departure, Transfer, Transferred};

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 18] {
    [
        Add::SCRIPT,
        ExpectSignal::SCRIPT,
        Cancel::SCRIPT,
        Delay::SCRIPT,
        Edit::SCRIPT,
        Over::SCRIPT,
        Log::SCRIPT,
        Priority::SCRIPT,
        Progress::SCRIPT,
        Promote::SCRIPT,
        Read::SCRIPT,
        RecordStep::SCRIPT,
        Remove::SCRIPT,
        Retry::SCRIPT,
        RetryMany::SCRIPT,
        Signal::SCRIPT,
        Steps::SCRIPT,
        Transfer::SCRIPT,
    ]
}

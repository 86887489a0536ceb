//! Scripts on schedules.

mod entry;
mod fire;
mod look;
mod owned;
mod page;
mod put;
mod read;
mod remove;
mod run;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use entry::{Marks, ScheduleEntry};
pub(crate) use fire::{Fire, Tick, Ticked};
pub(crate) use look::{DueSchedule, Look};
pub(crate) use owned::Owned;
pub(crate) use page::Page;
pub(crate) use put::{NextTick, Put};
pub(crate) use read::{Read, ReadSchedules};
pub(crate) use remove::Remove;
pub(crate) use run::{Ran, Run};

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 8] {
    [
        Fire::SCRIPT,
        Look::SCRIPT,
        Owned::SCRIPT,
        Page::SCRIPT,
        Put::SCRIPT,
        Read::SCRIPT,
        Remove::SCRIPT,
        Run::SCRIPT,
    ]
}

//! What becomes of ticks that nobody was there for, and of those that meet the last job.

use std::time::Duration;

/// What becomes of ticks that passed while no worker was there, or while the queue was full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CatchUp {
    /// They are left out. A tick that is up to ten seconds late still counts as met.
    Skip,
    /// The newest of them adds a job, at once; the others are left out.
    #[default]
    Once,
    /// Each of them adds a job, at once, if it is no older than this. Unless the schedule says
    /// otherwise they [may overlap](Overlap::Allow) then.
    Within(Duration),
}

/// What a tick does if the job of the tick before isn't over: if it waits, is delayed, or runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overlap {
    /// It adds its job all the same.
    Allow,
    /// It is left out.
    #[default]
    Skip,
    /// It waits until that job is over, and adds its own within half of the schedule's period then, or
    /// within two seconds. So one stands in line at most: of the ticks that come meanwhile,
    /// [`CatchUp`] says which add a job.
    Queue,
    /// It cancels that job, and adds its own: one that waits ends as
    /// [cancelled](crate::docs::cancelling) at once, and one that runs is told to stop. Of late ticks
    /// only the newest adds a job.
    Cancel,
}

/// As how late a tick still counts as met: as long as it takes until other workers have the jobs of
/// one that died.
pub(super) const MET_MS: i64 = 10_000;

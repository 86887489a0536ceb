//! Scripts on a whole queue.

mod clean;
mod counts;
mod drain;
mod glance;
mod go_on;
mod group_limits;
mod groups;
mod held_groups;
mod history;
mod holder;
mod lift;
mod limits;
mod obliterate;
mod oldest;
mod page;
mod pause;
mod release_key;
mod resume;
mod retry_failed;
mod scan;
mod scan_active;
mod scan_back;
mod stats;
mod throttles;
mod weigh;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use clean::Clean;
pub(crate) use counts::Counts;
pub(crate) use drain::Drain;
pub(crate) use glance::Glance;
pub(crate) use go_on::GoOn;
pub(crate) use group_limits::SetGroupLimits;
pub(crate) use groups::ReadGroups;
pub(crate) use held_groups::{HeldGroup, HeldUntil, ReadHeldGroups};
pub(crate) use history::ReadHistory;
pub(crate) use holder::Holder;
pub(crate) use lift::Lift;
pub(crate) use limits::Limits;
pub(crate) use obliterate::Obliterate;
pub(crate) use oldest::Oldest;
pub(crate) use page::Page;
pub(crate) use pause::Pause;
pub(crate) use release_key::ReleaseKey;
pub(crate) use resume::Resume;
pub(crate) use retry_failed::RetryFailed;
pub(crate) use scan::{Scan, SetPosition};
pub(crate) use scan_active::{ActivePosition, ScanActive};
pub(crate) use scan_back::{PlacedJob, ScanBack};
pub(crate) use stats::Stats;
pub(crate) use throttles::{ReadThrottles, Throttling};
pub(crate) use weigh::Weigh;

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 25] {
    [
        Clean::SCRIPT,
        Counts::SCRIPT,
        Drain::SCRIPT,
        Glance::SCRIPT,
        GoOn::SCRIPT,
        SetGroupLimits::SCRIPT,
        ReadGroups::SCRIPT,
        ReadHeldGroups::SCRIPT,
        ReadHistory::SCRIPT,
        Holder::SCRIPT,
        Lift::SCRIPT,
        Limits::SCRIPT,
        Obliterate::SCRIPT,
        Oldest::SCRIPT,
        Page::SCRIPT,
        Pause::SCRIPT,
        ReleaseKey::SCRIPT,
        Resume::SCRIPT,
        RetryFailed::SCRIPT,
        Scan::SCRIPT,
        ScanActive::SCRIPT,
        ScanBack::SCRIPT,
        Stats::SCRIPT,
        ReadThrottles::SCRIPT,
        Weigh::SCRIPT,
    ]
}

//! Write a schedule.

use redis::Value;

use super::entry::{Marks, ScheduleEntry};
use crate::{
    job::ScheduleId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/schedule/put.lua`
pub(crate) struct Put<'a> {
    pub(crate) id: &'a ScheduleId,
    /// What the caller has read; none if there was none.
    pub(crate) old: Option<&'a ScheduleEntry>,
    pub(crate) rule: &'a [u8],
    pub(crate) marks: Marks,
    pub(crate) owner: Option<&'a str>,
    pub(crate) next: NextTick,
}

/// Where a schedule stands from now on, in ms since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextTick {
    /// Nowhere: it is paused or over.
    None,
    /// At this tick.
    At(i64),
    /// At this tick, unless it stands at an earlier one.
    AtOrEarlier(i64),
}

impl Command for Put<'_> {
    const SCRIPT: &'static Script =
        script!("schedule" / put, [clock, layout, wake, ticks, numbered, call], once);
    const KEYS: &'static [Key] =
        &[Key::Schedules, Key::Ticks, Key::Marks, Key::Owners, Key::Ticking, Key::Meta, Key::Wake];
    const ACTION: &'static str = "write a schedule";
    const LISTS: &'static [Listed] = &[Listed::Queue, Listed::Schedules];
    const AWAITS_LISTING: bool = true;
    /// Whether it was still as the caller has read it.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.id.as_str()).push(self.old.map_or(&[][..], |old| &old.rule));
        args.push(self.old.map_or("", |old| old.marks.to_arg()));
        args.push(self.rule).push(self.marks.to_arg()).push(self.owner.unwrap_or_default());
        args.push(match self.next {
            NextTick::None => String::new(),
            NextTick::At(tick) => format!("={tick}"),
            NextTick::AtOrEarlier(tick) => format!("<{tick}"),
        });
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::count(&reply, Self::ACTION)? == 1)
    }

    fn key(&self) -> Option<&str> {
        Some(self.id.as_str())
    }
}

//! Forget a schedule.

use redis::Value;

use crate::{
    job::ScheduleId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/schedule/remove.lua`
pub(crate) struct Remove<'a> {
    pub(crate) id: &'a ScheduleId,
}

impl Command for Remove<'_> {
    const SCRIPT: &'static Script =
        script!("schedule" / remove, [layout, ticks, numbered, call], once);
    const KEYS: &'static [Key] =
        &[Key::Schedules, Key::Ticks, Key::Fired, Key::Marks, Key::Owners, Key::Meta];
    const ACTION: &'static str = "remove a schedule";
    /// Whether there was one.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.id.as_str());
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::count(&reply, Self::ACTION)? == 1)
    }

    fn key(&self) -> Option<&str> {
        Some(self.id.as_str())
    }
}

//! Forget the schedules that their owner doesn't declare any more.

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

/// `lua/schedule/retire.lua`
pub(crate) struct Retire<'a> {
    pub(crate) owner: &'a str,
    pub(crate) declared: &'a [ScheduleId],
}

impl Command for Retire<'_> {
    const SCRIPT: &'static Script = script!("schedule" / retire, [layout, ticks]);
    const KEYS: &'static [Key] =
        &[Key::Schedules, Key::Ticks, Key::Fired, Key::Marks, Key::Owners, Key::Meta];
    const ACTION: &'static str = "retire schedules";
    /// Those that are gone.
    type Reply = Vec<ScheduleId>;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.owner);
        for id in self.declared {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let ids = reply::array(reply, Self::ACTION)?;
        ids.iter().map(|id| reply::text(id, Self::ACTION).map(ScheduleId::from_store)).collect()
    }
}

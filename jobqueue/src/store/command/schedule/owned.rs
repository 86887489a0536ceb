//! The schedules of an owner.

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

/// `lua/schedule/owned.lua`
pub(crate) struct Owned<'a> {
    pub(crate) owner: &'a str,
}

impl Command for Owned<'_> {
    const SCRIPT: &'static Script = script!("schedule" / owned, []);
    const KEYS: &'static [Key] = &[Key::Owners];
    const ACTION: &'static str = "look for the schedules of an owner";
    type Reply = Vec<ScheduleId>;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.owner);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let ids = reply::array(reply, Self::ACTION)?;
        ids.iter().map(|id| reply::text(id, Self::ACTION).map(ScheduleId::from_store)).collect()
    }
}

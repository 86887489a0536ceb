//! Change the priority of a job.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/priority.lua`
pub(crate) struct Priority<'a> {
    pub(crate) id: &'a JobId,
    pub(crate) priority: crate::job::Priority,
}

impl Command for Priority<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / priority,
        [clock, layout, rank, lanes, key, group_of, groups, reprioritize, state, numbered, call],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Priority,
        Key::Meta,
    ];
    const ACTION: &'static str = "change a priority";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.priority.get());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

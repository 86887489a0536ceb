//! Make a delayed job ready now.

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

/// `lua/job/promote.lua`
pub(crate) struct Promote<'a> {
    pub(crate) id: &'a JobId,
}

impl Command for Promote<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / promote,
        [
            clock, layout, rank, events, wake, deadline, tries, unique, key, state, wish, numbered,
            call, parked, lanes, group_of, groups
        ],
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
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "promote a job";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

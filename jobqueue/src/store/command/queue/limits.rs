//! Set or clear limits of a queue.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/limits.lua`
pub(crate) struct Limits<'a> {
    pub(crate) changes: &'a [(&'static str, String)],
}

impl Command for Limits<'_> {
    const SCRIPT: &'static Script = script!(
        "queue" / limits,
        [
            clock, layout, rank, wake, soon, number, running, active, lanes, key, group_of, groups,
            rerank, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[Key::Meta, Key::Waiting, Key::Wake, Key::Priority, Key::Workers];
    const ACTION: &'static str = "set limits";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    const AWAITS_LISTING: bool = true;
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        for (field, value) in self.changes {
            args.push(*field).push(value.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }
}

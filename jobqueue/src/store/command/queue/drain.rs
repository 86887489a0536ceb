//! Remove jobs that wait.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/drain.lua`
pub(crate) struct Drain {
    pub(crate) delayed_too: bool,
}

impl Command for Drain {
    const SCRIPT: &'static Script = script!(
        "queue" / drain,
        [
            layout, events, wake, clock, deadline, tries, unique, lanes, key, group_of, groups,
            pools, tags, children, columns, outbox, callers, removal, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Jobs,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Progress,
        Key::Listed,
        Key::Uniques,
        Key::Outcomes,
        Key::Meta,
        Key::Events,
    ];
    const ACTION: &'static str = "drain a queue";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(u8::from(self.delayed_too));
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

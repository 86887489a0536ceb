//! Remove a queue and all that belongs to it.

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

/// `lua/queue/obliterate.lua`
pub(crate) struct Obliterate {
    pub(crate) force: bool,
}

impl Command for Obliterate {
    const SCRIPT: &'static Script = script!(
        "queue" / obliterate,
        [
            layout, active, wake, clock, deadline, tries, unique, lanes, pools, tags, children,
            columns, ticks, outbox, callers, home, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
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
        Key::Wake,
        Key::Histograms,
    ];
    const ACTION: &'static str = "obliterate a queue";
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(u8::from(self.force));
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 0)
    }
}

//! Let a group go on that has stopped.

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

/// `lua/queue/go_on.lua`
pub(crate) struct GoOn<'a> {
    pub(crate) group: &'a str,
}

impl Command for GoOn<'_> {
    const SCRIPT: &'static Script =
        script!("queue" / go_on, [layout, wake, lanes, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Jobs, Key::Failed, Key::Meta, Key::Wake];
    const ACTION: &'static str = "let a group go on";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.group);
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

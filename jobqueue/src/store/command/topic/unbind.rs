//! Unbind queues from a topic.

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

/// `lua/topic/unbind.lua`
pub(crate) struct Unbind<'a> {
    /// At least one.
    pub(crate) bindings: &'a [String],
}

impl Command for Unbind<'_> {
    const SCRIPT: &'static Script =
        script!("topic" / unbind, [clock, layout, topic, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Topic, Key::Bindings, Key::Replays];
    const ACTION: &'static str = "unbind a queue from a topic";
    const KIND: &'static str = "topic";
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.bindings);
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

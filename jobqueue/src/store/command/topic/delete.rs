//! Remove a topic.

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

/// `lua/topic/dissolve.lua`
pub(crate) struct Delete;

impl Command for Delete {
    const SCRIPT: &'static Script = script!("topic" / delete, [layout, numbered, call], once);
    const KEYS: &'static [Key] =
        &[Key::Meta, Key::Topic, Key::Bindings, Key::Replays, Key::Messages];
    const ACTION: &'static str = "delete a topic";
    const KIND: &'static str = "topic";
    /// Whether there was one.
    type Reply = bool;

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

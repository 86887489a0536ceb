//! Remove a topic.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/topic/dissolve.lua`
pub(crate) struct Dissolve;

impl Command for Dissolve {
    const SCRIPT: &'static Script = script!("topic" / dissolve, [layout]);
    const KEYS: &'static [Column] =
        &[Column::Meta, Column::Topic, Column::Bindings, Column::Replays, Column::Messages];
    const DOING: &'static str = "remove a topic";
    /// Whether there was something.
    type Reply = bool;

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::DOING)? == 1)
    }
}

//! Let no job be fetched.

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

/// `lua/queue/pause.lua`
pub(crate) struct Pause;

impl Command for Pause {
    const SCRIPT: &'static Script = script!("queue" / pause, [layout, events]);
    const KEYS: &'static [Column] = &[Column::Meta, Column::Events];
    const DOING: &'static str = "pause a queue";
    type Reply = bool;

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::DOING)? == 1)
    }
}

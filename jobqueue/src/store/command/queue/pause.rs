//! Stop the fetching of jobs.

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

/// `lua/queue/pause.lua`
pub(crate) struct Pause;

impl Command for Pause {
    const SCRIPT: &'static Script =
        script!("queue" / pause, [layout, known, events, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Events];
    const ACTION: &'static str = "pause a queue";
    type Reply = bool;

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

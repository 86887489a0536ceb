//! Allow the fetching of jobs again.

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

/// `lua/queue/resume.lua`
pub(crate) struct Resume;

impl Command for Resume {
    const SCRIPT: &'static Script =
        script!("queue" / resume, [layout, known, events, wake, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Events, Key::Waiting, Key::Delayed, Key::Wake];
    const ACTION: &'static str = "resume a queue";
    type Reply = bool;

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

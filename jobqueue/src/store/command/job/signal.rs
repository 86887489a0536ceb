//! Send a job a value that it waits for.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// The most signals of a job that are kept until they are taken.
const MOST: u32 = 100;

/// `lua/job/signal.lua`
pub(crate) struct Signal<'a> {
    pub(crate) id: &'a JobId,
    pub(crate) name: &'a str,
    /// The codec and the value.
    pub(crate) value: &'a [u8],
}

impl Command for Signal<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / signal,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Priority,
        Key::Listed,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "send a signal";
    /// Whether it has ended a wait.
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.name).push(self.value).push(MOST);
    }

    fn size(&self) -> (usize, usize) {
        (10, 192 + self.value.len())
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::count(&reply, Self::ACTION)? > 0)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

//! Change when a delayed job is due.

use redis::Value;

use super::add::Due;
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

/// `lua/job/delay.lua`
pub(crate) struct Delay<'a> {
    pub(crate) id: &'a JobId,
    pub(crate) due: Due,
}

impl Command for Delay<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / delay,
        [
            clock, layout, events, wake, deadline, tries, unique, key, state, wish, numbered, call,
            parked
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "change a delay";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.due.to_arg());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

//! End a throttle before its time.

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

/// `lua/queue/lift.lua`
pub(crate) struct Lift;

impl Command for Lift {
    const SCRIPT: &'static Script =
        script!("queue" / lift, [clock, layout, known, throttle, wake, soon, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Waiting, Key::Wake];
    const ACTION: &'static str = "lift a throttle";
    /// Whether the queue was throttled.
    type Reply = bool;

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

//! Put the wake token back.

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

/// `lua/worker/wake.lua`
pub(crate) struct Wake;

impl Command for Wake {
    const SCRIPT: &'static Script = script!("worker" / wake, [wake]);
    const KEYS: &'static [Key] = &[Key::Waiting, Key::Wake];
    const ACTION: &'static str = "wake a worker";
    type Reply = ();

    fn write(&self, _keys: &Keys, _args: &mut Args<'_>) {}

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }
}

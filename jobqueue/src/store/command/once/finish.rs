//! Record the result of an effect.

use std::time::Duration;

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/once/finish.lua`
pub(crate) struct Finish<'a> {
    pub(crate) key: &'a str,
    pub(crate) result: &'a [u8],
    pub(crate) lifetime: Duration,
}

impl Command for Finish<'_> {
    const SCRIPT: &'static Script = script!("once" / finish, [layout, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "record an effect";
    /// Whether it counts: no other was recorded before.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.result).push(millis(self.lifetime));
    }

    fn key(&self) -> Option<&str> {
        Some(self.key)
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }

    fn more_keys(&self, keys: &Keys) -> Vec<String> {
        vec![keys.once(self.key)]
    }
}

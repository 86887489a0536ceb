//! Give a claim back.

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

/// `lua/once/release.lua`
pub(crate) struct Release<'a> {
    pub(crate) key: &'a str,
    pub(crate) token: &'a str,
}

impl Command for Release<'_> {
    const SCRIPT: &'static Script = script!("once" / release, [layout]);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "give the claim of a key back";
    /// Whether this run still had it.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.token);
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

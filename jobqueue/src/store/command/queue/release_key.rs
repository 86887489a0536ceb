//! Let go of a unique key.

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

/// `lua/queue/release_key.lua`
pub(crate) struct ReleaseKey<'a> {
    /// With the name of its jobs.
    pub(crate) key: &'a str,
}

impl Command for ReleaseKey<'_> {
    const SCRIPT: &'static Script = script!(
        "queue" / release_key,
        [layout, wake, clock, deadline, tries, unique, numbered, call],
        once
    );
    const KEYS: &'static [Key] = &[Key::Uniques, Key::Meta];
    const ACTION: &'static str = "release a unique key";
    /// Whether a job had it.
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        Ok(reply::count(&reply, Self::ACTION)? > 0)
    }
}

//! Let go of a unique key.

use redis::Value;

use super::holder::read_id;
use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
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
    const SCRIPT: &'static Script = script!("queue" / release_key, [layout, wake, unique]);
    const KEYS: &'static [Key] = &[Key::Uniques, Key::Meta];
    const ACTION: &'static str = "release a unique key";
    /// The job that had it.
    type Reply = Option<JobId>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        read_id(&reply, Self::ACTION)
    }
}

//! Note who a worker is.

use redis::Value;

use crate::{
    job::WorkerId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/worker/identify.lua`
pub(crate) struct Identify<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) card: &'a [u8],
}

impl Command for Identify<'_> {
    const SCRIPT: &'static Script = script!("worker" / identify, [layout, lease]);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Identities, Key::Meta];
    const ACTION: &'static str = "note who a worker is";
    /// Whether there is such a worker.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str()).push(self.card);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

//! Note who a worker is.

use redis::Value;

use crate::{
    job::{WorkerCard, WorkerId},
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
    pub(crate) card: &'a WorkerCard,
}

impl Command for Identify<'_> {
    const SCRIPT: &'static Script = script!("worker" / identify, [clock, layout, lease]);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Identities, Key::Meta, Key::Deploys];
    const ACTION: &'static str = "note who a worker is";
    /// Whether there is such a worker.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str()).push(self.card.encode());
        args.push(self.card.release.as_str()).push(self.card.since_ms);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

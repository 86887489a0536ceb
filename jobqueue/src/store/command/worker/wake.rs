//! A worker looks no more: another must, if there is a reason.

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

/// `lua/worker/wake.lua`
pub(crate) struct Wake<'a> {
    /// The worker that looks no more.
    pub(crate) worker: Option<&'a WorkerId>,
    /// The name of its wait for the token, which ends.
    pub(crate) wait: Option<&'a WorkerId>,
}

impl Command for Wake<'_> {
    const SCRIPT: &'static Script = script!("worker" / wake, [clock, layout, wake, lease, turn]);
    const KEYS: &'static [Key] =
        &[Key::Waiting, Key::Delayed, Key::Expiring, Key::Workers, Key::Meta, Key::Wake];
    const ACTION: &'static str = "wake a worker";
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.map_or("", WorkerId::as_str));
        args.push(self.wait.map_or("", WorkerId::as_str));
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }
}

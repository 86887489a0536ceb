//! Renew the lease.

use redis::Value;

use std::time::Duration;

use crate::{
    job::WorkerId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/heartbeat.lua`
pub(crate) struct Heartbeat<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) lease: Duration,
    /// Whether the worker has heard all answers to its calls.
    pub(crate) heard: bool,
}

impl Command for Heartbeat<'_> {
    const SCRIPT: &'static Script = script!("worker" / heartbeat, [clock, layout, lease]);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Running, Key::Meta];
    const ACTION: &'static str = "renew a lease";
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str()).push(millis(self.lease)).push(u8::from(self.heard));
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }
}

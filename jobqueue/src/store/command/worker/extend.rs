//! Give one job a lease of its own.

use std::time::Duration;

use redis::Value;

use crate::{
    job::{JobId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/extend.lua`
pub(crate) struct Extend<'a> {
    /// A new worker name, which has the job from now on.
    pub(crate) worker: &'a WorkerId,
    /// The worker name that has it.
    pub(crate) former: &'a WorkerId,
    pub(crate) id: &'a JobId,
    /// From now on.
    pub(crate) lease: Duration,
}

impl Command for Extend<'_> {
    const SCRIPT: &'static Script = script!("worker" / extend, [clock, layout, lease, wake]);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Running, Key::Former, Key::Meta, Key::Wake];
    const ACTION: &'static str = "extend the lease on a job";
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str()).push(self.former.as_str());
        args.push(self.id.as_str()).push(millis(self.lease));
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn former(&self) -> Option<&WorkerId> {
        Some(self.former)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

//! Add lines to a job's log.

use redis::Value;

use crate::{
    job::{JobId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/log.lua`
pub(crate) struct Log<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) id: &'a JobId,
    pub(crate) lines: &'a [String],
    pub(crate) newest: usize,
}

impl Command for Log<'_> {
    const SCRIPT: &'static Script = script!("job" / log, [layout]);
    const KEYS: &'static [Key] = &[Key::Running, Key::Listed, Key::Meta];
    const ACTION: &'static str = "write to a job's log";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.newest);
        for line in self.lines {
            args.push(line.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

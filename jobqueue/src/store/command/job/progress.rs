//! Record the progress of a run.

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

/// `lua/job/progress.lua`
pub(crate) struct Progress<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) id: &'a JobId,
    pub(crate) value: &'a [u8],
}

impl Command for Progress<'_> {
    const SCRIPT: &'static Script =
        script!("job" / progress, [layout, events, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Running, Key::Progress, Key::Meta, Key::Events];
    const ACTION: &'static str = "report progress";
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.id.as_str()).push(self.value);
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

//! Change the priority of a job.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/priority.lua`
pub(crate) struct Priority<'a> {
    pub(crate) id: &'a JobId,
    pub(crate) priority: crate::job::Priority,
}

impl Command for Priority<'_> {
    const SCRIPT: &'static Script = script!("job" / priority, [clock, layout, rank, state]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
        Column::Completed,
        Column::Failed,
        Column::Workers,
        Column::Priority,
        Column::Meta,
    ];
    const DOING: &'static str = "change a priority";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.priority.get());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::DOING).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

//! Take jobs out of the queue.

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

/// `lua/job/remove.lua`
pub(crate) struct Remove<'a> {
    pub(crate) ids: &'a [JobId],
}

impl Command for Remove<'_> {
    const SCRIPT: &'static Script =
        script!("job" / remove, [layout, events, unique, columns, state]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
        Column::Completed,
        Column::Failed,
        Column::Workers,
        Column::Jobs,
        Column::Priority,
        Column::Attempts,
        Column::Stalls,
        Column::Misses,
        Column::Progress,
        Column::Traces,
        Column::Uniques,
        Column::Outcomes,
        Column::Meta,
        Column::Events,
    ];
    const DOING: &'static str = "remove jobs";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }

    fn job(&self) -> Option<&JobId> {
        self.ids.first()
    }
}

//! Run an ended job again.

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

/// `lua/job/retry.lua`
pub(crate) struct Retry<'a> {
    pub(crate) id: &'a JobId,
}

impl Command for Retry<'_> {
    const SCRIPT: &'static Script =
        script!("job" / retry, [clock, layout, rank, events, wake, state, again]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
        Column::Completed,
        Column::Failed,
        Column::Workers,
        Column::Priority,
        Column::Attempts,
        Column::Stalls,
        Column::Misses,
        Column::Outcomes,
        Column::Meta,
        Column::Events,
        Column::Wake,
    ];
    const DOING: &'static str = "retry a job";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::DOING).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

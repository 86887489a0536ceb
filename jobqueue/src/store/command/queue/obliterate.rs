//! Remove a queue and all that belongs to it.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/obliterate.lua`
pub(crate) struct Obliterate {
    pub(crate) force: bool,
}

impl Command for Obliterate {
    const SCRIPT: &'static Script =
        script!("queue" / obliterate, [layout, active, unique, columns]);
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
        Column::Wake,
        Column::Histograms,
    ];
    const DOING: &'static str = "obliterate a queue";
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(u8::from(self.force));
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::DOING)? == 0)
    }
}

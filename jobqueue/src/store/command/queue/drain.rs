//! Remove jobs that wait.

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

/// `lua/queue/drain.lua`
pub(crate) struct Drain {
    pub(crate) delayed_too: bool,
}

impl Command for Drain {
    const SCRIPT: &'static Script = script!("queue" / drain, [layout, events, unique, columns]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
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
    const DOING: &'static str = "drain a queue";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(u8::from(self.delayed_too));
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }
}

//! Remove ended jobs older than an age.

use std::time::Duration;

use redis::Value;

use crate::{
    job::JobState,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/queue/clean.lua`
pub(crate) struct Clean {
    pub(crate) state: JobState,
    pub(crate) age: Duration,
    pub(crate) most: u64,
}

impl Command for Clean {
    const SCRIPT: &'static Script =
        script!("queue" / clean, [clock, layout, events, unique, columns]);
    const KEYS: &'static [Column] = &[
        Column::Completed,
        Column::Failed,
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
    const DOING: &'static str = "clean a queue";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.state.as_str());
        args.push(millis(self.age)).push(self.most);
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }
}

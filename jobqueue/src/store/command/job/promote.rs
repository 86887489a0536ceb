//! Make a delayed job ready now.

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

/// `lua/job/promote.lua`
pub(crate) struct Promote<'a> {
    pub(crate) id: &'a JobId,
}

impl Command for Promote<'_> {
    const SCRIPT: &'static Script =
        script!("job" / promote, [clock, layout, rank, events, wake, state, deadline]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
        Column::Completed,
        Column::Failed,
        Column::Workers,
        Column::Priority,
        Column::Meta,
        Column::Events,
        Column::Wake,
    ];
    const DOING: &'static str = "promote a job";
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

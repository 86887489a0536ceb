//! Change when a delayed job is due.

use redis::Value;

use super::add::Due;
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

/// `lua/job/delay.lua`
pub(crate) struct Delay<'a> {
    pub(crate) id: &'a JobId,
    pub(crate) due: Due,
}

impl Command for Delay<'_> {
    const SCRIPT: &'static Script =
        script!("job" / delay, [clock, layout, events, wake, state, deadline]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
        Column::Completed,
        Column::Failed,
        Column::Workers,
        Column::Meta,
        Column::Events,
        Column::Wake,
    ];
    const DOING: &'static str = "change a delay";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.due.to_arg());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::DOING).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

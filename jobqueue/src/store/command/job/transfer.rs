//! Take jobs out of the queue and send others in their place elsewhere.

use crate::store::command::outbox::write_effect;
use redis::Value;

use crate::{
    job::{Effect, JobId},
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/transfer.lua`
pub(crate) struct Transfer<'a> {
    /// Which jobs go, and what is sent for each.
    pub(crate) jobs: &'a [(JobId, Effect)],
}

impl Command for Transfer<'_> {
    const SCRIPT: &'static Script =
        script!("job" / transfer, [layout, events, unique, columns, state, outbox]);
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
    const DOING: &'static str = "move jobs to other queues";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        for (id, effect) in self.jobs {
            args.push(id.as_str());
            write_effect(effect, args);
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }
}

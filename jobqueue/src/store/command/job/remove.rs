//! Take jobs out of the queue.

use redis::Value;

use crate::{
    job::{Gone, JobId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/remove.lua`
pub(crate) struct Remove<'a> {
    pub(crate) ids: &'a [JobId],
    pub(crate) why: Gone,
}

impl Command for Remove<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / remove,
        [
            layout, events, wake, clock, deadline, tries, unique, lanes, pools, tags, columns, key,
            state, outbox, callers, removal, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Jobs,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Progress,
        Key::Listed,
        Key::Uniques,
        Key::Outcomes,
        Key::Meta,
        Key::Events,
    ];
    const ACTION: &'static str = "remove jobs";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.why.as_str());
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }

    fn job(&self) -> Option<&JobId> {
        self.ids.first()
    }
}

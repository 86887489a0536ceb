//! Run an ended job again.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/retry.lua`
pub(crate) struct Retry<'a> {
    pub(crate) id: &'a JobId,
    /// Whether to forget what was recorded for it.
    pub(crate) anew: bool,
}

impl Command for Retry<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / retry,
        [
            clock, layout, rank, order, events, wake, key, state, pools, deadline, tries, unique,
            children, lanes, group_of, groups, rerun, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Outcomes,
        Key::Uniques,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "retry a job";
    type Reply = ();

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(u8::from(self.anew));
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

//! Remove ended jobs older than an age.

use std::time::Duration;

use redis::Value;

use crate::{
    job::JobState,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
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
    const SCRIPT: &'static Script = script!(
        "queue" / clean,
        [
            clock, layout, events, wake, deadline, tries, unique, lanes, pools, tags, children,
            columns, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Completed,
        Key::Failed,
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
    const ACTION: &'static str = "clean a queue";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.state.as_str());
        args.push(millis(self.age)).push(self.most);
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

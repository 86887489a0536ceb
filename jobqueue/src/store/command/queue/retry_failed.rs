//! Run failed jobs again.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/retry_failed.lua`
pub(crate) struct RetryFailed {
    pub(crate) most: u64,
}

impl Command for RetryFailed {
    const SCRIPT: &'static Script =
        script!("queue" / retry_failed, [clock, layout, rank, events, wake, rerun]);
    const KEYS: &'static [Key] = &[
        Key::Failed,
        Key::Waiting,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Outcomes,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "retry failed jobs";
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.most);
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

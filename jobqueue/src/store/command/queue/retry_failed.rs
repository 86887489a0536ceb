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
    /// How many of the oldest to leave out.
    pub(crate) skip: u64,
}

/// What became of failed jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retried {
    pub(crate) retried: u64,
    /// Those that stay, since another job has their unique key.
    pub(crate) kept: u64,
}

impl Command for RetryFailed {
    const SCRIPT: &'static Script = script!(
        "queue" / retry_failed,
        [
            clock, layout, rank, order, events, wake, pools, deadline, tries, unique, children,
            key, lanes, group_of, groups, rerun, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Failed,
        Key::Waiting,
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
    const ACTION: &'static str = "retry failed jobs";
    type Reply = Retried;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.most).push(self.skip);
    }

    fn read(&self, reply: Value) -> Result<Retried, Corrupt> {
        let [retried, kept] = reply::tuple(reply, Self::ACTION)?;
        Ok(Retried {
            retried: reply::count(&retried, Self::ACTION)?,
            kept: reply::count(&kept, Self::ACTION)?,
        })
    }
}

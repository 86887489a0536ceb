//! Give the lease back.

use redis::Value;

use crate::{
    job::WorkerId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/worker/leave.lua`
pub(crate) struct Leave<'a> {
    pub(crate) worker: &'a WorkerId,
}

impl Command for Leave<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / leave,
        [
            clock,
            layout,
            rank,
            events,
            wake,
            running,
            deadline,
            tries,
            unique,
            lanes,
            pools,
            tags,
            children,
            columns,
            key,
            retention,
            outbox,
            callers,
            cancels,
            group_of,
            groups,
            groups_back
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Workers,
        Key::Running,
        Key::Waiting,
        Key::Delayed,
        Key::Expiring,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "leave a queue";
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str());
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }
}

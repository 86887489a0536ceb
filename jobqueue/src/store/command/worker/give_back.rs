//! End a receive, and release what it has taken unbeknown to its caller.

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

/// `lua/worker/give_back.lua`
pub(crate) struct GiveBack<'a> {
    pub(crate) receive: &'a WorkerId,
    /// Where to go on, as the last call answered.
    pub(crate) cursor: u64,
}

impl Command for GiveBack<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / give_back,
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
            hand,
            group_of,
            groups,
            groups_back
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Workers,
        Key::Hand,
        Key::Visibility,
        Key::Waiting,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "give received jobs back";
    /// Where to go on; 0 if all are done.
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.receive.as_str()).push(self.cursor);
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::text(&reply, Self::ACTION)?
            .parse()
            .map_err(|error| Corrupt::new(Self::ACTION, error))
    }
}

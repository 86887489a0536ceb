//! End a flow whose deadline has passed.

use redis::Value;

use crate::{
    job::FlowKey,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/expire.lua`
pub(crate) struct Expire<'a> {
    pub(crate) key: &'a FlowKey,
    /// A `CancelMark`, encoded.
    pub(crate) mark: &'a [u8],
}

impl Command for Expire<'_> {
    const SCRIPT: &'static Script = script!(
        "flow" / expire,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            ticks, outbox, home, flow, graph, nodes, revival, flowing
        ]
    );
    const KEYS: &'static [Key] = &[Key::Ticks, Key::Meta];
    const ACTION: &'static str = "end a flow whose deadline has passed";
    /// Whether it ends now.
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str()).push(self.mark);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

//! Cancel a flow.

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

/// `lua/flow/cancel.lua`
pub(crate) struct Cancel<'a> {
    pub(crate) key: &'a FlowKey,
    /// A `CancelMark`, encoded.
    pub(crate) mark: &'a [u8],
}

/// What became of a flow that was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelledFlow {
    Ends,
    Ended,
    Unknown,
}

impl Command for Cancel<'_> {
    const SCRIPT: &'static Script = script!(
        "flow" / cancel,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            ticks, outbox, home, flow, graph, nodes, revival, flowing, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[Key::Flows, Key::Meta];
    const ACTION: &'static str = "cancel a flow";
    type Reply = CancelledFlow;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str()).push(self.mark);
    }

    fn read(&self, reply: Value) -> Result<CancelledFlow, Corrupt> {
        Ok(match reply::int(&reply, Self::ACTION)? {
            1 => CancelledFlow::Ends,
            0 => CancelledFlow::Ended,
            _ => CancelledFlow::Unknown,
        })
    }
}

//! Let a flow that has ended run again.

use redis::Value;

use crate::{
    job::{FlowKey, Member},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/retry.lua`
pub(crate) struct Retry<'a> {
    pub(crate) key: &'a FlowKey,
    pub(crate) from: RetryFrom,
}

/// What runs again besides what didn't complete.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RetryFrom {
    Nothing,
    /// A node, and all after it.
    Node(Member),
    /// All nodes of a group, and all after them.
    Group(u32),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retried {
    Runs,
    /// All has completed.
    Nothing,
    Unknown,
    /// It has not ended.
    Running,
    /// It is a node of another.
    Inner,
}

impl Command for Retry<'_> {
    const SCRIPT: &'static Script = script!(
        "flow" / retry,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            ticks, outbox, home, flow, graph, nodes, revival, flowing, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[Key::Flows, Key::Meta];
    const ACTION: &'static str = "retry a flow";
    type Reply = Retried;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str()).push(match self.from {
            RetryFrom::Nothing => "-".to_owned(),
            RetryFrom::Node(member) => member.to_string(),
            RetryFrom::Group(group) => format!("{group}*"),
        });
    }

    fn read(&self, reply: Value) -> Result<Retried, Corrupt> {
        Ok(match reply::int(&reply, Self::ACTION)? {
            1 => Retried::Runs,
            0 => Retried::Nothing,
            -1 => Retried::Unknown,
            -3 => Retried::Inner,
            _ => Retried::Running,
        })
    }
}

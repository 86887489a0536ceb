//! Forget a flow that has ended.

use redis::Value;

use crate::{
    job::{FlowKey, FlowState},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/remove.lua`
pub(crate) struct Remove<'a> {
    pub(crate) key: &'a FlowKey,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// It is gone.
    Gone,
    /// In this state it stays.
    Runs(FlowState),
    /// It is a node of another flow.
    Node,
    /// It is that of the children of a job.
    Children,
}

impl Command for Remove<'_> {
    const SCRIPT: &'static Script =
        script!("flow" / remove, [layout, ticks, home, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Flows, Key::Meta];
    const ACTION: &'static str = "remove a flow";
    type Reply = Removed;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str());
    }

    fn read(&self, reply: Value) -> Result<Removed, Corrupt> {
        Ok(match reply::text(&reply, Self::ACTION)? {
            "node" => Removed::Node,
            "children" => Removed::Children,
            state => FlowState::from_store(state).map_or(Removed::Gone, Removed::Runs),
        })
    }
}

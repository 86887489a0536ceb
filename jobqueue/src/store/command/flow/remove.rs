//! Forget a flow that has ended.

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

/// `lua/flow/remove.lua`
pub(crate) struct Remove<'a> {
    pub(crate) key: &'a FlowKey,
}

impl Command for Remove<'_> {
    const SCRIPT: &'static Script = script!("flow" / remove, [layout, outbox, events, flow]);
    const KEYS: &'static [Key] = &[Key::Flows, Key::Meta];
    const ACTION: &'static str = "remove a flow";
    /// Whether it is gone: one that runs stays.
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str());
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::text(&reply, Self::ACTION)?.is_empty())
    }
}

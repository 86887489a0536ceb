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

impl Command for Remove<'_> {
    const SCRIPT: &'static Script =
        script!("flow" / remove, [layout, ticks, home, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Flows, Key::Meta];
    const ACTION: &'static str = "remove a flow";
    /// None if it is gone; the state of one that runs, and stays.
    type Reply = Option<FlowState>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str());
    }

    fn read(&self, reply: Value) -> Result<Option<FlowState>, Corrupt> {
        Ok(FlowState::from_store(reply::text(&reply, Self::ACTION)?))
    }
}

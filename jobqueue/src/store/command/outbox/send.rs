//! Write effects on other queues that follow from nothing in this one.

use crate::store::command::outbox::write_effect;
use redis::Value;

use crate::{
    job::Effect,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/outbox/send.lua`
pub(crate) struct Send<'a> {
    /// At most a call's worth. Sent twice, they arrive once, by their ids.
    pub(crate) effects: &'a [Effect],
}

impl Command for Send<'_> {
    const SCRIPT: &'static Script = script!("outbox" / send, [layout, outbox]);
    const KEYS: &'static [Column] = &[Column::Outbox, Column::Meta];
    const DOING: &'static str = "send jobs to other queues";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.effects.len());
        self.effects.iter().for_each(|effect| write_effect(effect, args));
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }
}

//! Write effects on other queues that no run of this queue made.

use crate::store::command::outbox::write_effect;
use redis::Value;

use crate::{
    job::Effect,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/outbox/enqueue.lua`
pub(crate) struct Enqueue<'a> {
    /// At most as many as one call carries.
    pub(crate) effects: &'a [Effect],
}

impl Command for Enqueue<'_> {
    const SCRIPT: &'static Script =
        script!("outbox" / enqueue, [layout, outbox, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Outbox, Key::Meta];
    const ACTION: &'static str = "send jobs to other queues";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        args.push(self.effects.len());
        self.effects.iter().for_each(|effect| write_effect(effect, args));
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

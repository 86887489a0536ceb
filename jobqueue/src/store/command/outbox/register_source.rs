//! Tell a queue that effects of another one will come.

use redis::Value;

use crate::{
    job::QueueName,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/outbox/introduce.lua`
pub(crate) struct RegisterSource<'a> {
    pub(crate) source: &'a QueueName,
}

impl Command for RegisterSource<'_> {
    const SCRIPT: &'static Script = script!("outbox" / register_source, [layout]);
    const KEYS: &'static [Key] = &[Key::Sources, Key::Meta];
    const ACTION: &'static str = "register a topic with a queue";
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.source.as_str());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }
}

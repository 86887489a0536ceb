//! Tell a queue that effects of another one will come.

use redis::Value;

use crate::{
    job::QueueName,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/outbox/introduce.lua`
pub(crate) struct Introduce<'a> {
    pub(crate) source: &'a QueueName,
}

impl Command for Introduce<'_> {
    const SCRIPT: &'static Script = script!("outbox" / introduce, [layout]);
    const KEYS: &'static [Column] = &[Column::Sources, Column::Meta];
    const DOING: &'static str = "introduce a topic to a queue";
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.source.as_str());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::DOING).map(drop)
    }
}

//! Set or clear a topic's settings.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/topic/configure.lua`
pub(crate) struct Configure<'a> {
    /// Fields and their values; an empty one for none.
    pub(crate) changes: &'a [(&'static str, String)],
}

impl Command for Configure<'_> {
    const SCRIPT: &'static Script = script!(
        "topic" / configure,
        [clock, layout, topic, messages, number, numbered, call],
        once
    );
    const KEYS: &'static [Key] = &[Key::Meta, Key::Topic, Key::Messages];
    const ACTION: &'static str = "configure a topic";
    const KIND: &'static str = "topic";
    const LISTS: &'static [Listed] = &[Listed::Topic];
    const AWAITS_LISTING: bool = true;
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        for (field, value) in self.changes {
            args.push(*field).push(value.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }
}

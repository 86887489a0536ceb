//! Set or forget the weights of groups.

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

/// `lua/queue/weigh.lua`
pub(crate) struct Weigh<'a> {
    /// A group, or all jobs without one.
    pub(crate) group: Option<&'a str>,
    /// None for the weight of a group that has none set.
    pub(crate) weight: Option<u32>,
}

impl Command for Weigh<'_> {
    const SCRIPT: &'static Script = script!("queue" / weigh, [layout, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Weights];
    const ACTION: &'static str = "set the weight of a group";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.group.unwrap_or_default());
        args.push(self.weight.map(|weight| weight.to_string()).unwrap_or_default());
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(|_| ())
    }
}

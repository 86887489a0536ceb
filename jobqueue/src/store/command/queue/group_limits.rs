//! Set or forget limits of groups.

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

/// `lua/queue/group_limits.lua`
pub(crate) struct SetGroupLimits<'a> {
    /// A group, or all that don't say otherwise.
    pub(crate) group: Option<&'a str>,
    /// By letter.
    pub(crate) changes: &'a [(char, String)],
}

impl Command for SetGroupLimits<'_> {
    const SCRIPT: &'static Script =
        script!("queue" / group_limits, [layout, wake, lanes, held, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Waiting, Key::Wake];
    const ACTION: &'static str = "set limits of groups";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    /// How many groups are held as before, of those that don't say otherwise.
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.group.unwrap_or_default());
        for (letter, value) in self.changes {
            args.push(letter.to_string()).push(value.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

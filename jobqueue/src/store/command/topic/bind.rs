//! Bind a queue to a topic.

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

/// `lua/topic/bind.lua`
pub(crate) struct Bind<'a> {
    /// Queue, pattern and name, as the caller writes it.
    pub(crate) binding: &'a str,
    /// As the caller writes it.
    pub(crate) filter: &'a [u8],
    /// The most bindings of a topic.
    pub(crate) most: usize,
    /// The kept message at which it starts.
    pub(crate) start: Option<&'a str>,
}

impl Command for Bind<'_> {
    const SCRIPT: &'static Script =
        script!("topic" / bind, [clock, layout, topic, numbered, call], once);
    const KEYS: &'static [Key] =
        &[Key::Meta, Key::Topic, Key::Bindings, Key::Messages, Key::Replays];
    const ACTION: &'static str = "bind a queue to a topic";
    const KIND: &'static str = "topic";
    const LISTS: &'static [Listed] = &[Listed::Topic];
    const AWAITS_LISTING: bool = true;
    /// Whether the binding is new.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.binding).push(self.filter).push(self.most);
        args.push(self.start.unwrap_or_default());
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

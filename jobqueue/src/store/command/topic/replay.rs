//! Send the next of the kept messages to a binding that starts in the past.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/topic/replay.lua`
pub(crate) struct Replay<'a> {
    pub(crate) binding: &'a str,
    /// The position of the replay, as it was read.
    pub(crate) before: &'a str,
    /// Its position after this; none if that is all.
    pub(crate) after: Option<&'a str>,
    /// As in an outbox.
    pub(crate) target: &'a str,
    /// Kept messages.
    pub(crate) entries: &'a [String],
}

impl Command for Replay<'_> {
    const SCRIPT: &'static Script = script!("topic" / replay, [layout, outbox]);
    const KEYS: &'static [Key] = &[Key::Meta, Key::Messages, Key::Replays, Key::Outbox];
    const ACTION: &'static str = "replay a topic's messages";
    const KIND: &'static str = "topic";
    /// False if another client was faster.
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.binding).push(self.before).push(self.after.unwrap_or_default());
        args.push(self.target).push(self.entries);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

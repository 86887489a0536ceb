//! Replace the record of a job that is not active.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/edit.lua`
pub(crate) struct Edit<'a> {
    pub(crate) id: &'a JobId,
    /// The record that the caller has read.
    pub(crate) old: &'a [u8],
    pub(crate) new: &'a [u8],
    /// Whether it must not have ended.
    pub(crate) only_waiting: bool,
}

impl Command for Edit<'_> {
    const SCRIPT: &'static Script =
        script!("job" / edit, [layout, events, key, group_of, state, size, numbered, call], once);
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Jobs,
        Key::Meta,
        Key::Events,
    ];
    const ACTION: &'static str = "edit a job";
    /// Whether the record was still the one that the caller has read.
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.old).push(self.new);
        args.push(u8::from(self.only_waiting));
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::count(&reply, Self::ACTION)? == 1)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

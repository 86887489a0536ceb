//! Put replies into a caller's inbox.

use std::time::Duration;

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/outbox/reply.lua`
pub(crate) struct Reply<'a> {
    /// The jobs and their outcomes.
    pub(crate) replies: &'a [(&'a JobId, &'a [u8])],
}

/// An inbox is deleted this long after its last reply, since a caller may die without deleting it.
const LIFETIME: Duration = Duration::from_secs(60);

/// The most replies that wait for a slow caller, beside those that just came. The oldest go first.
const KEPT: usize = 10_000;

impl Command for Reply<'_> {
    const SCRIPT: &'static Script = script!("outbox" / reply, []);
    const KEYS: &'static [Key] = &[Key::Replies];
    const ACTION: &'static str = "reply to a caller";
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(millis(LIFETIME)).push(KEPT);
        for (id, outcome) in self.replies {
            args.push(id.as_str()).push(*outcome);
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}

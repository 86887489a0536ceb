//! Put replies into a caller's inbox.

use std::time::Duration;

use redis::Value;

use super::Parcel;
use crate::{
    flaw::Corrupt,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        millis, reply,
        script::{Script, script},
    },
};

/// `lua/outbox/reply.lua`
pub(crate) struct Reply<'a> {
    pub(crate) replies: &'a [&'a Parcel],
}

/// How long after its last reply an inbox goes that nobody reads: callers die, and tell nobody.
const LIFETIME: Duration = Duration::from_secs(60);

/// How many replies may wait for a caller that is slow, beside those that just came. The oldest go first.
const KEPT: usize = 10_000;

impl Command for Reply<'_> {
    const SCRIPT: &'static Script = script!("outbox" / reply, []);
    const KEYS: &'static [Column] = &[Column::Replies];
    const DOING: &'static str = "reply to a caller";
    type Reply = u64;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(millis(LIFETIME)).push(KEPT);
        for parcel in self.replies {
            args.push(parcel.id.as_str()).push(&parcel.record[..]);
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }
}

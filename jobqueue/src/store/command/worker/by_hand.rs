//! Fetch up to n jobs by hand, each until a time of its own.

use std::time::Duration;

use redis::Value;

use super::{
    advance::{Advance, Turn},
    rooms::Rooms,
};
use crate::{
    job::WorkerId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        script::Script,
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/advance.lua`, for a receive: all that are out by hand are held under one name.
pub(crate) struct ByHand<'a> {
    /// The name that it has joined under. It ends with the first jobs that it is answered.
    pub(crate) receive: &'a WorkerId,
    /// How long the name lasts while it has no job.
    pub(crate) lease: Duration,
    /// For how long each job is out.
    pub(crate) visibility: Duration,
    /// The most jobs to fetch.
    pub(crate) want: usize,
}

impl Command for ByHand<'_> {
    const SCRIPT: &'static Script = Advance::SCRIPT;
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Delayed,
        Key::Workers,
        Key::Hand,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Progress,
        Key::Listed,
        Key::Uniques,
        Key::Outcomes,
        Key::Completed,
        Key::Failed,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "receive jobs";
    type Reply = Turn;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.receive.as_str()).push(millis(self.lease));
        args.push(format!("+{}", millis(self.visibility))).push(self.want);
        // No throttle, no limits of its own, and nothing that is settled.
        args.push(0).push(Rooms::NONE.as_str());
        for none in [0; 5] {
            args.push(none);
        }
    }

    fn read(&self, reply: Value) -> Result<Turn, Corrupt> {
        Turn::read(reply)
    }
}

//! Set anew until when a job is out by hand.

use std::time::Duration;

use redis::Value;

use crate::{
    job::{JobId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/extend.lua`
pub(crate) struct Extend<'a> {
    /// The receive that has the job.
    pub(crate) receive: &'a WorkerId,
    pub(crate) id: &'a JobId,
    /// From now on.
    pub(crate) visibility: Duration,
}

impl Command for Extend<'_> {
    const SCRIPT: &'static Script =
        script!("worker" / extend, [clock, layout, wake, hand, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Hand, Key::Visibility, Key::Meta, Key::Wake];
    const ACTION: &'static str = "extend the time of a job";
    type Reply = ();

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.receive.as_str()).push(self.id.as_str()).push(millis(self.visibility));
    }

    fn read(&self, reply: Value) -> Result<(), Corrupt> {
        reply::int(&reply, Self::ACTION).map(drop)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

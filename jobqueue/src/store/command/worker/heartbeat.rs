//! Renew the lease.

use redis::Value;

use std::time::Duration;

use crate::{
    job::WorkerId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        marked::Marked,
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/heartbeat.lua`
pub(crate) struct Heartbeat<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) lease: Duration,
    /// Whether the worker has heard all answers to its calls.
    pub(crate) heard: bool,
}

impl Command for Heartbeat<'_> {
    const SCRIPT: &'static Script =
        script!("worker" / heartbeat, [clock, layout, lease, lanes, held, setback, marks]);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Running, Key::Meta];
    const ACTION: &'static str = "renew a lease";
    /// The worker's jobs that are to end as cancelled.
    type Reply = Vec<Marked>;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str()).push(millis(self.lease)).push(u8::from(self.heard));
    }

    fn read(&self, reply: Value) -> Result<Vec<Marked>, Corrupt> {
        let Value::Array(items) = reply else {
            reply::count(&reply, Self::ACTION)?;
            return Ok(Vec::new());
        };
        let (_held, pairs) = items.split_first().unwrap_or((&Value::Nil, &[]));
        let (pairs, _) = pairs.as_chunks::<2>();
        let read = |[ids, mark]: &[Value; 2]| {
            let ids = reply::text(ids, Self::ACTION)?;
            Marked::read(ids, &reply::bytes(mark.clone(), Self::ACTION)?)
        };
        pairs.iter().map(read).collect()
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }
}

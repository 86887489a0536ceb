//! Settle single runs that are out by hand.

use std::time::Duration;

use redis::Value;

use super::settlement;
use crate::{
    job::{JobId, Settlement, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/settle.lua`
pub(crate) struct Settle<'a> {
    /// The receive that has them.
    pub(crate) receive: &'a WorkerId,
    /// Throttle the whole queue for this long.
    pub(crate) throttle: Duration,
    /// At most as many as one call carries.
    pub(crate) settlements: &'a [Settlement],
}

impl Command for Settle<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / settle,
        [
            clock,
            layout,
            rank,
            events,
            wake,
            throttle,
            running,
            deadline,
            tries,
            unique,
            lanes,
            pools,
            tags,
            children,
            columns,
            key,
            retention,
            outbox,
            callers,
            cancels,
            wish,
            suspend,
            group_of,
            groups,
            groups_back,
            settle,
            hand
        ]
    );
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
        Key::Visibility,
    ];
    const ACTION: &'static str = "settle a job";
    /// Whether effects wait in the outbox.
    type Reply = bool;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.receive.as_str()).push(millis(self.throttle));
        args.push(self.settlements.len());
        for settlement in self.settlements {
            args.push(settlement.id.as_str());
        }
        settlement::write(self.settlements, args);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::count(&reply, Self::ACTION)? > 0)
    }

    fn job(&self) -> Option<&JobId> {
        self.settlements.first().map(|settlement| &settlement.id)
    }
}

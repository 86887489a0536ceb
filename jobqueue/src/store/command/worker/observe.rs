//! Report the runs of a worker, for monitoring.

use redis::Value;

use super::observed::{self, Observed};
use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/worker/observe.lua`
pub(crate) struct Observe<'a> {
    pub(crate) observed: &'a Observed,
}

impl Command for Observe<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / observe,
        [
            clock,
            layout,
            rank,
            lanes,
            key,
            group_of,
            group_since,
            oldest,
            points,
            resolutions,
            history
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Histograms,
        Key::Meta,
        Key::Waiting,
        Key::Delayed,
        Key::Priority,
        Key::History,
        Key::HistoryMinutes,
        Key::HistoryTens,
        Key::HistoryHours,
    ];
    const ACTION: &'static str = "report what has happened";
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        observed::write(self.observed, args);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

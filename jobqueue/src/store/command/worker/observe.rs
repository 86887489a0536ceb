//! What a worker has observed of its runs, for whoever monitors the queue.

use redis::Value;

use super::observed;
use crate::{
    stats::Histogram,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// What a worker has observed since it last told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// How long first attempts waited.
    pub(crate) wait: Histogram,
    /// How long runs took.
    pub(crate) run: Histogram,
    /// Attempts that are to be tried again.
    pub(crate) retried: u64,
}

/// `lua/worker/observe.lua`
pub(crate) struct Observe<'a> {
    pub(crate) observed: &'a Observed,
}

impl Command for Observe<'_> {
    const SCRIPT: &'static Script = script!("worker" / observe, [layout]);
    const KEYS: &'static [Key] = &[Key::Histograms, Key::Meta];
    const ACTION: &'static str = "tell what was observed";
    type Reply = bool;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        observed::write(self.observed, args);
    }

    fn read(&self, reply: Value) -> Result<bool, Corrupt> {
        Ok(reply::int(&reply, Self::ACTION)? == 1)
    }
}

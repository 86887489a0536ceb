//! The jobs that have waited for the longest time.

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

/// `lua/queue/oldest.lua`
pub(crate) struct Oldest {
    /// How many, up to 100.
    pub(crate) most: usize,
}

impl Command for Oldest {
    const SCRIPT: &'static Script =
        script!("queue" / oldest, [clock, rank, lanes, key, group_of, group_since, oldest]);
    const KEYS: &'static [Key] = &[Key::Waiting, Key::Delayed, Key::Priority, Key::Meta];
    const ACTION: &'static str = "look for the oldest jobs";
    type Reply = Vec<JobId>;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.most);
    }

    fn read(&self, reply: Value) -> Result<Vec<JobId>, Corrupt> {
        reply::array(reply, Self::ACTION)?
            .iter()
            .map(|id| reply::text(id, Self::ACTION).map(JobId::from_store))
            .collect()
    }
}

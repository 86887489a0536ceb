//! A page of the ids of the jobs in one state.

use redis::Value;

use crate::{
    job::{JobId, JobState},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/page.lua`
pub(crate) struct Page {
    pub(crate) state: JobState,
    pub(crate) offset: u64,
    pub(crate) count: u64,
    pub(crate) newest_first: bool,
}

impl Command for Page {
    const SCRIPT: &'static Script = script!("queue" / page, [key, delayed]);
    const KEYS: &'static [Key] =
        &[Key::Waiting, Key::Delayed, Key::Completed, Key::Failed, Key::Workers];
    const ACTION: &'static str = "list jobs";
    type Reply = Vec<JobId>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.state.as_str());
        // Beyond this no state reaches, and the script adds no larger numbers.
        args.push(self.offset.min(1 << 48)).push(self.count).push(u8::from(self.newest_first));
    }

    fn read(&self, reply: Value) -> Result<Vec<JobId>, Corrupt> {
        reply::array(reply, Self::ACTION)?
            .iter()
            .map(|id| reply::text(id, Self::ACTION).map(JobId::from_store))
            .collect()
    }
}

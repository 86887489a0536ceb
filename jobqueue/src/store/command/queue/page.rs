//! A page of the ids of the jobs in one state.

use redis::Value;

use crate::{
    job::{JobId, JobState},
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
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
    const SCRIPT: &'static Script = script!("queue" / page, []);
    const KEYS: &'static [Column] =
        &[Column::Waiting, Column::Delayed, Column::Completed, Column::Failed, Column::Workers];
    const DOING: &'static str = "list jobs";
    type Reply = Vec<JobId>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.state.as_str());
        args.push(self.offset).push(self.count).push(u8::from(self.newest_first));
    }

    fn read(&self, reply: Value) -> Result<Vec<JobId>, Corrupt> {
        reply::array(reply, Self::DOING)?
            .iter()
            .map(|id| reply::text(id, Self::DOING).map(JobId::from_store))
            .collect()
    }
}

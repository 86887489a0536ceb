//! Ask which jobs are in the way of jobs that are about to come back.

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

/// `lua/outbox/meet.lua`
pub(crate) struct Meet<'a> {
    /// The jobs, each with its unique key.
    pub(crate) jobs: &'a [(&'a JobId, Option<&'a str>)],
}

impl Command for Meet<'_> {
    const SCRIPT: &'static Script = script!(
        "outbox" / meet,
        [layout, wake, clock, deadline, tries, unique, key, unfinished, meet]
    );
    const KEYS: &'static [Key] = &[Key::Jobs, Key::Completed, Key::Failed, Key::Meta];
    const ACTION: &'static str = "look for jobs of the same ids";
    /// For each job, the one that is in its way.
    type Reply = Vec<Option<JobId>>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        for (id, key) in self.jobs {
            args.push(id.as_str()).push(key.unwrap_or_default());
        }
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let found = reply::array(reply, Self::ACTION)?;
        if found.len() != self.jobs.len() {
            return Err(Corrupt::new(Self::ACTION, "as many answers as jobs were expected"));
        }
        let read = |id: &Value| {
            let id = reply::text(id, Self::ACTION)?;
            Ok(Some(id).filter(|id| !id.is_empty()).map(JobId::from_store))
        };
        found.iter().map(read).collect()
    }
}

//! Look which job has a unique key.

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

/// `lua/queue/holder.lua`
pub(crate) struct Holder<'a> {
    /// With the name of its jobs.
    pub(crate) key: &'a str,
}

impl Command for Holder<'_> {
    const SCRIPT: &'static Script = script!("queue" / holder, [layout]);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "look who has a unique key";
    /// The job, and the one that runs after it.
    type Reply = [Option<JobId>; 2];

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let [holder, after] = reply::tuple(reply, Self::ACTION)?;
        Ok([read_id(&holder)?, read_id(&after)?])
    }
}

/// An id; none is an empty text.
fn read_id(value: &Value) -> Result<Option<JobId>, Corrupt> {
    let id = reply::text(value, Holder::ACTION)?;
    Ok(Some(id).filter(|id| !id.is_empty()).map(JobId::from_store))
}

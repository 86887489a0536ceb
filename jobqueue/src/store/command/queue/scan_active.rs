//! The next jobs that are active.

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

/// `lua/queue/scan_active.lua`
pub(crate) struct ScanActive<'a> {
    pub(crate) at: &'a ActivePosition,
    /// About how many.
    pub(crate) most: usize,
}

/// A place among the active jobs: a worker, and a cursor in its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActivePosition {
    worker: String,
    cursor: String,
}

impl ActivePosition {
    pub(crate) fn new(worker: &str, cursor: &str) -> Self {
        Self { worker: worker.to_owned(), cursor: cursor.to_owned() }
    }

    /// Its worker and the cursor in its jobs.
    pub(crate) fn parts(&self) -> (&str, &str) {
        (&self.worker, &self.cursor)
    }
}

impl Default for ActivePosition {
    /// The beginning.
    fn default() -> Self {
        Self { worker: String::new(), cursor: "0".to_owned() }
    }
}

impl Command for ScanActive<'_> {
    const SCRIPT: &'static Script = script!("queue" / scan_active, []);
    const KEYS: &'static [Key] = &[Key::Workers];
    const ACTION: &'static str = "look for active jobs";
    /// Jobs, of which some may have come before, and where to go on; none at the end.
    type Reply = (Vec<JobId>, Option<ActivePosition>);

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        let ActivePosition { worker, cursor } = self.at;
        args.push(keys.base()).push(worker).push(cursor).push(self.most);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let [ids, worker, cursor] = reply::tuple(reply, Self::ACTION)?;
        let ids = reply::array(ids, Self::ACTION)?;
        let ids = ids.iter().map(|id| reply::text(id, Self::ACTION).map(JobId::from_store));
        let worker = reply::text(&worker, Self::ACTION)?.to_owned();
        let cursor = reply::text(&cursor, Self::ACTION)?.to_owned();
        let next = (!worker.is_empty()).then_some(ActivePosition { worker, cursor });
        Ok((ids.collect::<Result<_, _>>()?, next))
    }
}

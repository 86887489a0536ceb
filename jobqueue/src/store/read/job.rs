//! Jobs, and the log of a job.

use crate::{
    error::Result,
    job::{JobId, JobInfo},
    store::{command::job::Read, queue_store::QueueStore, reply},
};

impl QueueStore {
    /// All data of some jobs, in as many calls as it takes; none where there is no such job.
    pub(crate) async fn read_jobs(&self, ids: &[JobId]) -> Result<Vec<Option<JobInfo>>> {
        let mut found = Vec::with_capacity(ids.len());
        while let Some(ids) = ids.get(found.len()..)
            && !ids.is_empty()
        {
            found.extend(self.call_retrying(&Read { ids }).await?);
        }
        Ok(found)
    }

    /// A job's log lines from `from` on, at most `count`.
    pub(crate) async fn logs(&self, id: &JobId, from: usize, count: usize) -> Result<Vec<String>> {
        const ACTION: &str = "read a job's log";
        let mut command = redis::cmd("LRANGE");
        // Beyond this no list reaches, and the server reads no larger numbers.
        let from = from.min(1 << 31);
        command.arg(self.keys.logs(id)).arg(from).arg(from.saturating_add(count).saturating_sub(1));
        let value = self.request_retrying(&command, ACTION).await?;
        let lines = reply::array(value, ACTION)?;
        lines.iter().map(|line| Ok(reply::text(line, ACTION)?.to_owned())).collect()
    }
}

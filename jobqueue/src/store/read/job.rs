//! Jobs, and the log of a job.

use crate::{
    error::Result,
    job::{JobId, JobInfo},
    store::{command::job::Read, portion::Portion, queue_store::QueueStore, reply},
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
        let (mut lines, mut portion) = (Vec::new(), Portion::up_to(count));
        while lines.len() < count {
            let asked = portion.count().min(count - lines.len());
            let from = from.saturating_add(lines.len());
            let Some(page) = self.log_page(id, from, asked, &mut portion).await? else { continue };
            portion.came(page.len(), page.iter().map(String::len).sum());
            let is_last = page.len() < asked;
            lines.extend(page);
            if is_last {
                break;
            }
        }
        Ok(lines)
    }

    async fn log_page(
        &self,
        id: &JobId,
        from: usize,
        count: usize,
        portion: &mut Portion,
    ) -> Result<Option<Vec<String>>> {
        const ACTION: &str = "read a job's log";
        let mut command = redis::cmd("LRANGE");
        // Beyond this no list reaches, and the server reads no larger numbers.
        let from = from.min(1 << 31);
        command.arg(self.keys.logs(id)).arg(from).arg(from.saturating_add(count).saturating_sub(1));
        let Some(value) = self.request_portion(&command, ACTION, portion).await? else {
            return Ok(None);
        };
        let lines = reply::array(value, ACTION)?;
        let lines = lines.iter().map(|line| Ok(reply::text(line, ACTION)?.to_owned()));
        lines.collect::<Result<_>>().map(Some)
    }
}

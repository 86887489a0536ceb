//! Records of jobs that are in no state.

use super::{command::job, keys::Key, queue_store::QueueStore, reply};
use crate::{error::Result, job::JobId, stats::Orphans};

const ACTION: &str = "look for jobs without a state";

/// How many records are looked at.
const LOOK_AT: usize = 100;

impl QueueStore {
    /// Of some records, drawn at random, those whose jobs are in no state.
    pub(crate) async fn orphans(&self) -> Result<Orphans> {
        let mut draw = redis::cmd("HRANDFIELD");
        draw.arg(self.shared(Key::Jobs)).arg(LOOK_AT);
        let drawn = reply::array(self.request_retrying(&draw, ACTION).await?, ACTION)?;
        let ids = drawn.iter().map(|id| reply::text(id, ACTION).map(JobId::from_store));
        let ids: Vec<JobId> = ids.collect::<Result<_, _>>()?;
        let (mut ids, looked_at) = self.stateless(&ids).await?;
        if !ids.is_empty() {
            // A job that has gone meanwhile has no record any more.
            let mut fetch = redis::cmd("HMGET");
            fetch.arg(self.shared(Key::Jobs));
            for id in &ids {
                fetch.arg(id.as_str());
            }
            let records = reply::array(self.request_retrying(&fetch, ACTION).await?, ACTION)?;
            let mut has_record = records.iter().map(|record| reply::optional(record).is_some());
            ids.retain(|_| has_record.next().unwrap_or_default());
        }
        Ok(Orphans { looked_at, ids })
    }

    /// Those without a state, and how many were looked at: as many as go into one answer.
    async fn stateless(&self, ids: &[JobId]) -> Result<(Vec<JobId>, u64)> {
        if ids.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let jobs = self.call_retrying(&job::Read { ids }).await?;
        let looked_at = jobs.len() as u64;
        let none = ids.iter().zip(jobs).filter(|(_, job)| job.is_none());
        Ok((none.map(|(id, _)| id.clone()).collect(), looked_at))
    }
}

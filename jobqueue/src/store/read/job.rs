//! The past of a job: its log and its failed attempts.

use crate::{
    error::Result,
    job::{JobFailure, JobId},
    store::{queue_store::QueueStore, reply},
};

impl QueueStore {
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

    /// A job's newest failed attempts, newest first.
    pub(crate) async fn errors(&self, id: &JobId) -> Result<Vec<JobFailure>> {
        const ACTION: &str = "read a job's errors";
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.errors(id)).arg(0).arg(-1);
        let errors = reply::array(self.request_retrying(&command, ACTION).await?, ACTION)?;
        let read = |error| JobFailure::decode(&reply::bytes(error, ACTION)?);
        Ok(errors.into_iter().map(read).collect::<Result<_, _>>()?)
    }
}

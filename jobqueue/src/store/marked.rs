//! Running jobs that are to end as cancelled, as their worker is told.

use std::time::Duration;

use bytes::Bytes;

use super::{ids, queue_store::QueueStore, reply};
use crate::{
    error::Result,
    job::{CancelMark, JobId, WorkerId},
    value_error::Corrupt,
};

/// Jobs of a worker that are to end as cancelled, all with one mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) ids: Vec<JobId>,
    pub(crate) mark: CancelMark,
}

impl Marked {
    pub(super) fn read(ids: &str, mark: &Bytes) -> Result<Self, Corrupt> {
        Ok(Self { ids: ids::read(ids), mark: CancelMark::decode(mark)? })
    }
}

impl QueueStore {
    /// Waits for a message to this worker about jobs that are to be cancelled; none if none came in
    /// time.
    ///
    /// Needs its [own connection](Self::with_own_connection), which it blocks.
    pub(crate) async fn wait_for_marked(
        &self,
        worker: &WorkerId,
        limit: Duration,
    ) -> Result<Option<Marked>> {
        const ACTION: &str = "wait for jobs to cancel";
        let mut command = redis::cmd("BLPOP");
        command.arg(self.keys.cancel(worker)).arg(limit.as_secs_f64());
        // As of a wait for the token: a connection that stays silent longer is dead.
        let limit = limit.saturating_add(self.response_limit());
        let value = self.request_for(&command, limit, ACTION).await?;
        if reply::optional(&value).is_none() {
            return Ok(None);
        }
        let [_key, message] = reply::tuple(value, ACTION)?;
        let message = reply::bytes(message, ACTION)?;
        // Ids, a line feed, and the mark.
        let end = message.iter().position(|byte| *byte == b'\n');
        let (ids, mark) = match end {
            Some(end) => (&message[..end], message.slice(end + 1..)),
            None => return Err(Corrupt::new(ACTION, "a message without a mark").into()),
        };
        let ids = std::str::from_utf8(ids).map_err(|_| Corrupt::new(ACTION, "no UTF-8"))?;
        Ok(Some(Marked::read(ids, &mark)?))
    }
}

//! The replies in a caller's inbox.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use crate::{
    error::Result,
    job::JobId,
    store::{keys::Key, queue_store::QueueStore, reply, server_error},
    value_error::Corrupt,
};

/// One reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// Its entry in the inbox.
    pub(crate) entry: String,
    /// The job that was asked for.
    pub(crate) id: JobId,
    /// How that job ended, as it was written.
    pub(crate) outcome: Bytes,
}

const ACTION: &str = "wait for replies";

impl QueueStore {
    /// Removes the replies in `read` and returns up to `most` further ones. Waits for them up to
    /// `limit`, and then returns none. A reply that is not removed comes again, so a lost answer loses none.
    ///
    /// For the store of an inbox. Needs its [own connection](Self::with_own_connection), which it
    /// blocks.
    pub(crate) async fn collect(
        &self,
        read: &[String],
        limit: Duration,
        most: usize,
    ) -> Result<Vec<Reply>> {
        let inbox = self.shared(Key::Replies);
        let mut requests = redis::pipe();
        if !read.is_empty() {
            requests.cmd("XDEL").arg(inbox).arg(read);
        }
        requests.cmd("XREAD").arg("COUNT").arg(most).arg("BLOCK");
        requests.arg(crate::store::millis(limit).max(1)).arg("STREAMS").arg(inbox).arg("0-0");
        let explain = |error| server_error::explain(error, self.about_action(ACTION));
        let limit = limit.saturating_add(self.response_limit());
        let replies = self.route.request_all(&requests, limit).await;
        let read = match replies.map(|replies| replies.into_iter().last().unwrap_or_default()) {
            Ok(Value::ServerError(error)) => Err(explain(error.into())),
            answer => answer.map_err(explain),
        };
        let entries = self.or_poll(read, (inbox, "0-0", most), ACTION).await?;
        Ok(entries.into_iter().map(read_entry).collect::<Result<_, _>>()?)
    }
}

pub(crate) fn read_entry(value: Value) -> Result<Reply, Corrupt> {
    let [entry, fields] = reply::tuple(value, ACTION)?;
    let [_id, id, _outcome, outcome] = reply::tuple(fields, ACTION)?;
    Ok(Reply {
        entry: reply::text(&entry, ACTION)?.to_owned(),
        id: JobId::from_store(reply::text(&id, ACTION)?),
        outcome: reply::bytes(outcome, ACTION)?,
    })
}

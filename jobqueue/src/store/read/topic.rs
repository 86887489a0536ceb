//! The messages that a topic keeps.

use bytes::Bytes;
use redis::Value;

use crate::{
    error::Result,
    store::{keys::Key, queue_store::QueueStore, reply},
    value_error::Corrupt,
};

/// A message that a topic keeps.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Its entry in the stream.
    pub(crate) entry: String,
    pub(crate) id: String,
    pub(crate) record: Bytes,
}

impl QueueStore {
    /// Kept messages from an entry to another, both included unless they begin with `(`; at most
    /// `count`.
    pub(crate) async fn kept(&self, from: &str, to: &str, count: usize) -> Result<Vec<Kept>> {
        const ACTION: &str = "read a topic's messages";
        let mut command = redis::cmd("XRANGE");
        command.arg(self.shared(Key::Messages)).arg(from).arg(to).arg("COUNT").arg(count);
        let read = |value: Value| {
            let [entry, fields] = reply::tuple(value, ACTION)?;
            let [_, id, _, _priority, _, record] = reply::tuple(fields, ACTION)?;
            let text = |value: &Value| reply::text(value, ACTION).map(str::to_owned);
            Ok(Kept { entry: text(&entry)?, id: text(&id)?, record: reply::bytes(record, ACTION)? })
        };
        let entries = reply::array(self.request_retrying(&command, ACTION).await?, ACTION)?;
        Ok(entries.into_iter().map(read).collect::<Result<_, Corrupt>>()?)
    }
}

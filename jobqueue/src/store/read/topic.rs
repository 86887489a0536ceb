//! What is read of topics without a script: kept messages, outboxes, and how far a queue has taken them.

use bytes::Bytes;
use redis::Value;

use crate::{
    error::{Error, Result},
    store::{keys::Key, queue_store::QueueStore, reply, retries::Retries},
    value_error::Corrupt,
};

/// One of the two ends of an outbox.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edge {
    Oldest,
    Newest,
}

/// A message that a topic keeps.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Its entry in the stream.
    pub(crate) entry: String,
    pub(crate) id: String,
    pub(crate) record: Bytes,
}

impl QueueStore {
    /// Kept messages from an entry to another, both included unless they begin with `(`; at most `count`.
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
        let entries = reply::array(self.request(&command, ACTION).await?, ACTION)?;
        Ok(entries.into_iter().map(read).collect::<Result<_, Corrupt>>()?)
    }

    /// How many effects on other queues are on their way.
    pub(crate) async fn underway(&self) -> Result<u64> {
        const ACTION: &str = "look into an outbox";
        let mut command = redis::cmd("XLEN");
        command.arg(self.shared(Key::Outbox));
        Ok(reply::count(&self.request(&command, ACTION).await?, ACTION)?)
    }

    /// The entry of an outbox that was written first, or last. Patiently.
    pub(crate) async fn effect(&self, edge: Edge) -> Result<Option<String>> {
        const ACTION: &str = "look into an outbox";
        let (name, from, to) = match edge {
            Edge::Oldest => ("XRANGE", "-", "+"),
            Edge::Newest => ("XREVRANGE", "+", "-"),
        };
        let mut command = redis::cmd(name);
        command.arg(self.shared(Key::Outbox)).arg(from).arg(to).arg("COUNT").arg(1);
        let mut retries = Retries::within(self.retry_timeout());
        let found = loop {
            match self.request(&command, ACTION).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => break reply::array(answer?, ACTION)?,
            }
        };
        let Some(entry) = found.into_iter().next() else { return Ok(None) };
        let [entry, _fields] = reply::tuple(entry, ACTION)?;
        Ok(Some(reply::text(&entry, ACTION)?.to_owned()))
    }

    /// The queues whose effects come here, each with the last entry that was taken.
    pub(crate) async fn sources(&self) -> Result<Vec<(String, String)>> {
        const ACTION: &str = "read a queue's sources";
        let mut command = redis::cmd("HGETALL");
        command.arg(self.shared(Key::Sources));
        let fields = reply::array(self.request(&command, ACTION).await?, ACTION)?;
        let (pairs, _) = fields.as_chunks::<2>();
        let text = |value: &Value| reply::text(value, ACTION).map(str::to_owned);
        let read = |[name, entry]: &[Value; 2]| Ok((text(name)?, text(entry)?));
        Ok(pairs.iter().map(read).collect::<Result<_, Corrupt>>()?)
    }
}

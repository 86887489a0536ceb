//! The effects in an outbox, and the last ones that a queue has taken.

use redis::Value;

use crate::{
    error::Result,
    store::{keys::Key, queue_store::QueueStore, reply},
    value_error::Corrupt,
};

/// One of the two ends of an outbox.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edge {
    Oldest,
    Newest,
}

impl QueueStore {
    /// The number of effects on other queues that have not arrived yet.
    pub(crate) async fn underway(&self) -> Result<u64> {
        const ACTION: &str = "look into an outbox";
        let mut command = redis::cmd("XLEN");
        command.arg(self.shared(Key::Outbox));
        Ok(reply::count(&self.request_retrying(&command, ACTION).await?, ACTION)?)
    }

    /// The oldest or newest entry of an outbox.
    pub(crate) async fn effect(&self, edge: Edge) -> Result<Option<String>> {
        const ACTION: &str = "look into an outbox";
        let (name, from, to) = match edge {
            Edge::Oldest => ("XRANGE", "-", "+"),
            Edge::Newest => ("XREVRANGE", "+", "-"),
        };
        let mut command = redis::cmd(name);
        command.arg(self.shared(Key::Outbox)).arg(from).arg(to).arg("COUNT").arg(1);
        let found = reply::array(self.request_retrying(&command, ACTION).await?, ACTION)?;
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

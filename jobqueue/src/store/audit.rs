//! The audit log of operators' actions: one stream for all queues of a prefix (`jq:audit`), in a
//! slot of its own, of about 10,000 entries.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::{
    keys::slot,
    reply,
    retries::Retries,
    server_error::{self, About},
    servers::Store,
};
use crate::{
    error::{Error, Operation, Result},
    value_error::Corrupt,
};

/// About how many entries are kept.
const KEPT: usize = 10_000;

/// How long an action waits for its entry to be written.
const LIMIT: Duration = Duration::from_secs(2);

const WRITING: &str = "write to the audit log";
const READING: &str = "read the audit log";

impl Store {
    /// Adds an entry, opaque here.
    pub(crate) async fn write_audit(&self, entry: &[u8]) -> Result<()> {
        let key = self.audit_key();
        let mut command = redis::cmd("XADD");
        command.arg(&key).arg("MAXLEN").arg("~").arg(KEPT).arg("*").arg("e").arg(entry);
        // A resend may write it twice: better than not at all.
        let write = self.audit_request(&key, &command, WRITING, LIMIT);
        let written = timeout(LIMIT, write).await;
        let late = || Error::unavailable(Operation::new(WRITING), "it takes too long");
        written.unwrap_or_else(|_| Err(late())).map(drop)
    }

    /// Entries before this one, or from the newest: at most `count`, the newest first, with the ids
    /// of their places in the stream.
    pub(crate) async fn read_audit(
        &self,
        before: Option<&str>,
        count: usize,
    ) -> Result<Vec<(String, Bytes)>> {
        let key = self.audit_key();
        let mut command = redis::cmd("XREVRANGE");
        let from = before.map_or_else(|| "+".to_owned(), |before| format!("({before}"));
        command.arg(&key).arg(from).arg("-").arg("COUNT").arg(count);
        let page = self.audit_request(&key, &command, READING, self.retry_timeout()).await?;
        let read = |entry| {
            let [id, fields] = reply::tuple(entry, READING)?;
            let [_, entry] = reply::tuple(fields, READING)?;
            Ok((reply::text(&id, READING)?.to_owned(), reply::bytes(entry, READING)?))
        };
        Ok(reply::array(page, READING)?.into_iter().map(read).collect::<Result<_, Corrupt>>()?)
    }

    fn audit_key(&self) -> String {
        format!("{}:audit", self.prefix)
    }

    async fn audit_request(
        &self,
        key: &str,
        command: &redis::Cmd,
        action: &'static str,
        within: Duration,
    ) -> Result<redis::Value> {
        let (route, mut retries) = (self.topology.route(slot(key)), Retries::within(within));
        loop {
            let call = async {
                let reply = route.request(command).await;
                reply.map_err(|error| server_error::explain(error, About::action(action)))
            };
            match retries.attempt(call).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
        }
    }
}

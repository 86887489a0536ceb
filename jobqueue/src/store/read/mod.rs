//! What is read without a script, or in several calls: events, replies, outboxes, topics, jobs and
//! their logs.
//!
//! A server or a proxy may refuse commands that block. Then streams are read by polling.

pub(crate) mod events;
mod groups;
mod inbox;
mod job;
mod outbox;
mod topic;

use std::time::Duration;

use redis::Value;

use super::{queue_store::QueueStore, reply};
use crate::error::{Error, Refused, Result};

pub(crate) use events::{Entry, StreamPosition};
pub(crate) use outbox::Edge;
pub(crate) use topic::Kept;

/// How long a read that may not block waits before it looks again.
const POLL: Duration = Duration::from_millis(250);

impl QueueStore {
    /// What a blocking read has answered; or, if the server refuses such reads, what stands in the
    /// stream behind `from`, after a while if that is nothing.
    async fn or_poll(
        &self,
        answer: Result<Value>,
        (stream, from, most): (&str, &str, usize),
        action: &'static str,
    ) -> Result<Vec<Value>> {
        let refused = |refused: &Refused| {
            matches!(refused, Refused::Permission { .. } | Refused::Server { .. })
        };
        match answer {
            Ok(streams) if reply::optional(&streams).is_none() => Ok(Vec::new()),
            Ok(streams) => {
                let [stream] = reply::tuple(streams, action)?;
                let [_name, entries] = reply::tuple(stream, action)?;
                Ok(reply::array(entries, action)?)
            }
            Err(Error::Refused(error)) if refused(&error) => {
                let mut command = redis::cmd("XRANGE");
                command.arg(stream).arg(format!("({from}")).arg("+").arg("COUNT").arg(most);
                let entries = reply::array(self.request(&command, action).await?, action)?;
                if entries.is_empty() {
                    tokio::time::sleep(POLL).await;
                }
                Ok(entries)
            }
            Err(error) => Err(error),
        }
    }
}

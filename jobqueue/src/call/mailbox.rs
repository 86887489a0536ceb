//! Where a client's replies arrive: one reader for all calls that wait.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use tracing::debug;

use crate::{
    error_chain::chain,
    job::{JobId, QueueName, ReplyAddress},
    store::{Portion, QueueStore, Retries, Store},
    task::boxed,
    value_error::Invalid,
    waiters::{SharedReader, Waiter, Waiters},
};

/// How long one read waits for replies.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// The most replies of one read.
const PAGE: usize = 100;

/// A client's inbox. It has an address from the first call on, and a reader while calls wait.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    name: OnceLock<QueueName>,
    reader: SharedReader<Bytes>,
}

impl Mailbox {
    /// The address for replies.
    pub(super) fn address(&self) -> Result<ReplyAddress, Invalid> {
        self.name().cloned().map(ReplyAddress::Inbox)
    }

    fn name(&self) -> Result<&QueueName, Invalid> {
        if let Some(name) = self.name.get() {
            return Ok(name);
        }
        let new = ReplyAddress::new_inbox()?;
        Ok(self.name.get_or_init(|| new))
    }

    /// Waits for the reply of a job from now on: its outcome as it was written. To be called before
    /// the job is added. A reply that comes after the waiter was dropped is dropped too.
    pub(super) fn wait_for(&self, store: &Store, id: &JobId) -> Result<Waiter<Bytes>, Invalid> {
        let name = self.name()?;
        Ok(self.reader.wait_for(id, |waiters| {
            let inbox = store.queue(name).with_own_connection();
            tokio::spawn(boxed(read_all(inbox, waiters)))
        }))
    }
}

async fn read_all(inbox: QueueStore, waiters: Arc<Waiters<Bytes>>) {
    let mut retries = Retries::endless();
    let (mut read, mut portion) = (Vec::new(), Portion::of_large(PAGE));
    // What was read must be removed before the end.
    while !(read.is_empty() && waiters.end_if_idle()) {
        match inbox.collect(&read, READ_LIMIT, portion.count()).await {
            Ok(replies) => {
                retries = Retries::endless();
                read.clear();
                portion.came(replies.len(), replies.iter().map(|it| it.outcome.len()).sum());
                for reply in replies {
                    if !waiters.tell(&reply.id, &reply.outcome) {
                        debug!(id = %reply.id, "a reply came late or twice, and is dropped");
                    }
                    read.push(reply.entry);
                }
            }
            Err(error) => {
                portion.was_lost();
                debug!(error = %chain(&error), "replies could not be read; retrying");
                let _ = retries.wait_or(error).await;
            }
        }
    }
}

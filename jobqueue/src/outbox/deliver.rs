//! One round of a relay: the entries that were taken go to their targets.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tracing::{debug, warn};

use super::{
    relays::Relays,
    shares::{Shares, are_back, cancels, one_call},
    ways::Failed,
};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{JobId, QueueName, ReplyAddress, Target},
    store::{
        EntryId,
        outbox::{Apply, Readmit, Reply, TargetCopy},
    },
};

/// How many queues are served at once: enough to keep Redis busy, and few enough to leave room for
/// other calls.
const CONCURRENCY: usize = 4;

/// How long a queue that can't be reached delays the others.
pub(super) const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

impl Relays {
    /// Brings each target its copies. Answers the targets that could not be brought all.
    pub(super) async fn deliver(&self, source: &QueueName, shares: Shares<'_>) -> Vec<Failed> {
        let (mut shares, mut running) = (shares.into_iter(), FuturesUnordered::new());
        let mut failed = Vec::new();
        loop {
            while running.len() < CONCURRENCY
                && let Some((to, copies)) = shares.next()
            {
                running.push(self.deliver_to(source, to, copies));
            }
            let Some(delivered) = running.next().await else { return failed };
            failed.extend(delivered.err());
        }
    }

    /// Brings copies to one target, in order: it ends at the first that fails.
    async fn deliver_to(
        &self,
        source: &QueueName,
        to: &str,
        copies: Vec<TargetCopy<'_>>,
    ) -> Result<(), Failed> {
        let mut rest = copies.as_slice();
        while let Some(first) = rest.first() {
            let (copies, later) = rest.split_at(one_call(rest));
            let delivered = match Target::parse(to) {
                Ok(target) => self.deliver_call(source, &target, copies).await,
                Err(invalid) => Err(Error::from(invalid)),
            };
            if let Err(error) = delivered {
                debug!(%source, to, error = %chain(&error), "effects could not be delivered; retrying");
                let first = EntryId::of(first.entry);
                return Err(Failed { to: to.to_owned(), first, error });
            }
            rest = later;
        }
        Ok(())
    }

    /// Brings copies to a target in one call.
    async fn deliver_call(
        &self,
        source: &QueueName,
        target: &Target,
        copies: &[TargetCopy<'_>],
    ) -> Result<()> {
        match target {
            Target::Queue(queue) if let Some(mark) = cancels(copies) => {
                self.cancel_nodes(queue, copies, mark).await
            }
            Target::Queue(queue) if are_back(copies) => {
                let readmit = Readmit { source, copies };
                let came = self.store().queue(queue).call_within(QUEUE_TIMEOUT, &readmit).await?;
                if came.failed > 0 {
                    warn!(%source, %queue, count = came.failed, "jobs came back as failed: others have their ids or unique keys");
                }
                Ok(())
            }
            Target::Queue(queue) => {
                let apply = Apply { source, copies };
                self.store().queue(queue).call_within(QUEUE_TIMEOUT, &apply).await.map(drop)
            }
            Target::ReplyAddress(ReplyAddress::Flow(home)) => {
                let ids: Vec<_> = copies.iter().map(|it| JobId::from_store(&it.id)).collect();
                let ends: Vec<_> =
                    ids.iter().zip(copies).map(|(id, copy)| (id, &copy.record[..])).collect();
                self.note_ends(home, &ends).await
            }
            Target::ReplyAddress(ReplyAddress::Inbox(inbox)) => {
                let mut replies = Vec::new();
                for copy in copies {
                    let id = JobId::from_store(&copy.id);
                    if !self.early_replies().arrived(&id).await {
                        replies.push((id, &copy.record[..]));
                    }
                }
                if replies.is_empty() {
                    return Ok(());
                }
                let inbox = self.store().queue(inbox);
                // Without retries: the replies to other callers don't wait for an unreachable node.
                let replies: Vec<_> = replies.iter().map(|(id, outcome)| (id, *outcome)).collect();
                inbox.call(&Reply { replies: &replies }).await.map(drop)
            }
        }
    }
}

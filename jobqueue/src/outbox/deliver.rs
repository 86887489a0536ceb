//! One round of a relay: the entries that were taken go to their targets.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tracing::{debug, warn};

use super::{
    pass::Pass,
    relays::Relays,
    shares::{are_back, by_entry, one_call, share_out},
};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{JobId, QueueName, Target},
    store::outbox::{Apply, OutboxEntry, Readmit, Reply, TargetCopy},
};

/// How many queues are served at once: enough to keep Redis busy, and few enough to leave room for
/// other calls.
const CONCURRENCY: usize = 4;

/// How long a queue that can't be reached delays the others.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

impl Relays {
    /// Brings entries to their targets, but to none at which the pass is stuck. Answers the entries
    /// that have reached all their targets.
    pub(super) async fn deliver(
        &self,
        source: &QueueName,
        entries: &[OutboxEntry],
        pass: &mut Pass,
    ) -> Vec<String> {
        let (shares, mut missing) = share_out(entries);
        let shares: Vec<_> = shares.into_iter().filter(|(to, _)| !pass.is_stuck_at(to)).collect();
        let (mut shares, mut running) = (shares.into_iter(), FuturesUnordered::new());
        loop {
            while running.len() < CONCURRENCY
                && let Some((to, copies)) = shares.next()
            {
                running.push(async move { (to, self.deliver_to(source, to, copies).await) });
            }
            let Some((to, (entries, error))) = running.next().await else { break };
            for entry in entries {
                if let Some(missing) = missing.get_mut(entry) {
                    *missing -= 1;
                }
            }
            if let Some(error) = error {
                pass.stuck(to, error);
            }
        }
        let delivered = missing.into_iter().filter(|(_, missing)| *missing == 0);
        let delivered: Vec<_> = delivered.map(|(entry, _)| entry.to_owned()).collect();
        pass.has_delivered |= !delivered.is_empty();
        delivered
    }

    /// Brings copies to one target, in order: it ends at the first that fails. Answers the entries
    /// that arrived.
    async fn deliver_to<'a>(
        &self,
        source: &QueueName,
        to: &str,
        copies: Vec<TargetCopy<'a>>,
    ) -> (Vec<&'a str>, Option<Error>) {
        let mut delivered = Vec::new();
        let target = match Target::parse(to) {
            Ok(target) => target,
            Err(invalid) => return (delivered, Some(Error::from(invalid))),
        };
        let mut rest = copies.as_slice();
        while !rest.is_empty() {
            let (copies, later) = rest.split_at(one_call(rest));
            if let Err(error) = self.deliver_call(source, &target, copies).await {
                debug!(%source, to, error = %chain(&error), "effects could not be delivered; retrying");
                return (delivered, Some(error));
            }
            delivered.extend(by_entry(copies).map(|(entry, _)| entry));
            rest = later;
        }
        (delivered, None)
    }

    /// Brings copies to a target in one call.
    async fn deliver_call(
        &self,
        source: &QueueName,
        target: &Target,
        copies: &[TargetCopy<'_>],
    ) -> Result<()> {
        match target {
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
            Target::ReplyAddress(inbox) => {
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
                let inbox = self.store().queue(inbox.name());
                // Without retries: the replies to other callers don't wait for an unreachable node.
                let replies: Vec<_> = replies.iter().map(|(id, outcome)| (id, *outcome)).collect();
                inbox.call(&Reply { replies: &replies }).await.map(drop)
            }
        }
    }
}

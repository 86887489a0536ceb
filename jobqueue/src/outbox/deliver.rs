//! One round of a relay: what was taken goes to where it should.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tracing::warn;

use super::{
    pass::Pass,
    relay::{MOST, Relays},
    target,
};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{JobId, QueueName, Record, Target},
    store::{
        MAX_BATCH, MAX_BYTES,
        outbox::{Apply, OutboxEntry, Reply, TargetCopy},
    },
};

/// How many queues are served at once: enough to keep Redis busy, and so few that other calls get their turn.
const AT_ONCE: usize = 4;

/// For how long one queue that can't be reached holds up the others.
const ONE_QUEUE: Duration = Duration::from_secs(1);

impl Relays {
    /// Hands parcels to their queues, but to none in which the pass is stuck. The entries that all of theirs have.
    pub(crate) async fn deliver(
        &self,
        source: &QueueName,
        entries: &[OutboxEntry],
        pass: &mut Pass,
    ) -> Vec<String> {
        let (shares, mut missing) = share_out(entries);
        let shares: Vec<_> = shares.into_iter().filter(|(to, _)| !pass.is_stuck_at(to)).collect();
        let (mut shares, mut at_work) = (shares.into_iter(), FuturesUnordered::new());
        loop {
            while at_work.len() < AT_ONCE
                && let Some((to, copies)) = shares.next()
            {
                at_work.push(async move { (to, self.deliver_to(source, to, copies).await) });
            }
            let Some((to, (entries, error))) = at_work.next().await else { break };
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

    /// Hands copies to one target, in order: none goes before one that could not. The entries that arrived.
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
            if let Err(error) = self.hand_over(source, &target, copies).await {
                warn!(%source, to, error = %chain(&error), "effects elsewhere could not be delivered; trying on");
                return (delivered, Some(error));
            }
            delivered.extend(entries(copies).map(|(entry, _)| entry));
            rest = later;
        }
        (delivered, None)
    }

    async fn hand_over(
        &self,
        source: &QueueName,
        target: &Target,
        copies: &[TargetCopy<'_>],
    ) -> Result<u64> {
        match target {
            Target::Queue(queue) => {
                self.0.store.queue(queue).call_within(ONE_QUEUE, &Apply { source, copies }).await
            }
            Target::ReplyAddress(inbox) => {
                let mut replies = Vec::new();
                for copy in copies {
                    let id = JobId::from_store(&copy.id);
                    if !self.0.ahead.arrived(&id).await {
                        replies.push((id, &copy.record[..]));
                    }
                }
                if replies.is_empty() {
                    return Ok(0);
                }
                let inbox = self.0.store.queue(inbox.name());
                // Not patiently: nobody's replies wait for a node that others need not.
                let replies: Vec<_> = replies.iter().map(|(id, outcome)| (id, *outcome)).collect();
                inbox.call(&Reply { replies: &replies }).await
            }
        }
    }
}

/// Whether there were more than a round could take, most likely.
pub(crate) fn is_backlog(entries: &[OutboxEntry]) -> bool {
    let bytes: usize = entries.iter().map(|entry| entry.to.len() + entry.record.len()).sum();
    entries.len() == MOST || bytes > MAX_BYTES / 2
}

/// What each queue gets, in order, and of each entry how many queues miss it.
fn share_out(
    entries: &[OutboxEntry],
) -> (BTreeMap<&str, Vec<TargetCopy<'_>>>, HashMap<&str, usize>) {
    let mut shares: BTreeMap<&str, Vec<TargetCopy<'_>>> = BTreeMap::new();
    let mut missing = HashMap::with_capacity(entries.len());
    for found in entries {
        let entry = found.entry.as_str();
        for (queue, job) in target::read(&found.to) {
            let copies = shares.entry(queue).or_default();
            if copies.last().is_none_or(|last| last.entry != entry) {
                *missing.entry(entry).or_default() += 1;
            }
            let record = match job.and_then(|job| Record::renamed(&found.record, job)) {
                Some(renamed) => Cow::Owned(renamed),
                None => Cow::Borrowed(&found.record[..]),
            };
            let id = target::copy_id(found.id.as_str(), job);
            copies.push(TargetCopy { entry, id, priority: found.priority, record });
        }
    }
    (shares, missing)
}

/// The copies of each entry: they go in one call, since a queue that has taken an entry takes no more of it.
fn entries<'a, 'b>(
    copies: &'b [TargetCopy<'a>],
) -> impl Iterator<Item = (&'a str, &'b [TargetCopy<'a>])> {
    let groups = copies.chunk_by(|copy, next| copy.entry == next.entry);
    groups.filter_map(|group| Some((group.first()?.entry, group)))
}

/// How many of the copies one call can carry: those of one entry at least.
fn one_call(copies: &[TargetCopy<'_>]) -> usize {
    let (mut count, mut bytes) = (0, 0);
    for (_, group) in entries(copies) {
        let size: usize = group.iter().map(|copy| copy.record.len() + 128).sum();
        if count > 0 && (count + group.len() > MAX_BATCH || bytes + size > MAX_BYTES) {
            break;
        }
        count += group.len();
        bytes += size;
    }
    count
}

//! The relay: effects of one queue on others, from its outbox to where they go.
//!
//! At least once on the way, once where it arrives: an outbox is always read from its head and in order, so a
//! target that remembers the last entry it took knows which ones it has.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tracing::warn;

use super::{ahead::Ahead, topic::target};
use crate::{
    error::{Error, Result},
    job::{Inbox, JobId, QueueName, Record, WorkerId},
    store::{
        MAX_BATCH, Retries, Store,
        outbox::{Apply, Copy, Head, Parcel, Reply, Take, Target},
    },
};

/// For how long a relay is alone at an outbox. If it dies, another goes on after that.
const ALONE: Duration = Duration::from_secs(5);

/// How many entries are relayed at once.
const MOST: usize = MAX_BATCH;

/// How many queues are served at once: enough to keep Redis busy, and so few that other calls get their turn.
const AT_ONCE: usize = 4;

/// For how long one queue that can't be reached holds up the others.
const ONE_QUEUE: Duration = Duration::from_secs(1);

/// The pause before the next round if some queues could not be reached.
const BREATH: Duration = Duration::from_millis(200);

/// The longest rest of a relay between two rounds.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// About how many bytes one call carries, as in [`crate::store::chunks`].
const MAX_BYTES: usize = 1 << 20;

/// The first wait before looking whether another relay is done, and the longest. Short, since callers wait for
/// their replies: what is written to the outbox after the other's last look is seen by nobody else.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The relays of a client: at most one for each outbox.
#[derive(Clone, Debug)]
pub(crate) struct Relays(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    /// Outboxes that are being relayed, and whether there is more since the last look.
    at_work: Mutex<HashMap<QueueName, bool>>,
    /// Told when one is done.
    done: Notify,
    ahead: Ahead,
}

impl Relays {
    pub(crate) fn new(store: Store) -> Self {
        let (at_work, done, ahead) = (Mutex::default(), Notify::new(), Ahead::default());
        Self(Arc::new(Inner { store, at_work, done, ahead }))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// What was sent without waiting for a relay.
    pub(super) fn ahead(&self) -> &Ahead {
        &self.0.ahead
    }

    /// Has a queue's outbox relayed, in the background.
    pub(crate) fn kick(&self, source: &QueueName) {
        {
            let mut at_work = self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(more) = at_work.get_mut(source) {
                *more = true;
                return;
            }
            at_work.insert(source.clone(), false);
        }
        // Not under the lock: a runtime that is shut down drops the shift at once, which takes it again.
        let shift = Shift { relays: self.clone(), source: source.clone(), ended: false };
        tokio::spawn(shift.work());
    }

    /// Looks into a queue's outbox, and has it relayed if it holds something.
    pub(crate) async fn look_after(&self, source: &QueueName) -> Result<()> {
        if !self.is_at_work(source) && self.0.store.queue(source).underway().await? > 0 {
            self.kick(source);
        }
        Ok(())
    }

    /// Waits until nothing of a queue is being relayed by this client, at most so long.
    pub(crate) async fn finish(&self, source: &QueueName, limit: Duration) {
        let idle = async {
            loop {
                let done = self.0.done.notified();
                if !self.is_at_work(source) {
                    return;
                }
                done.await;
            }
        };
        if timeout(limit, idle).await.is_err() {
            warn!(queue = %source, "effects on other queues are still on their way: another process relays them");
        }
    }

    /// Replies to a caller past every outbox, once.
    ///
    /// # Errors
    /// The inbox can't be reached.
    pub(crate) async fn reply(&self, inbox: &Inbox, id: &JobId, outcome: &[u8]) -> Result<()> {
        let reply = Reply { replies: &[(id, outcome)] };
        self.0.store.queue(inbox.name()).call_patiently(&reply).await.map(drop)
    }

    fn is_at_work(&self, source: &QueueName) -> bool {
        let at_work = self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.contains_key(source)
    }

    /// Relays all that a queue's outbox holds.
    ///
    /// # Errors
    /// A target, or the queue itself, can't be reached or refuses.
    pub(crate) async fn relay(&self, source: &QueueName) -> Result<()> {
        self.relay_all(source, Pace::Fast).await
    }

    async fn relay_all(&self, source: &QueueName, pace: Pace) -> Result<()> {
        let store = self.0.store.queue(source);
        let name = WorkerId::generate();
        let mut delivered: Vec<String> = Vec::new();
        let (mut retries, mut pause) = (Retries::within(store.patience()), FIRST_WAIT);
        let mut rest = Duration::ZERO;
        loop {
            let take = Take { name: &name, alone: ALONE, most: MOST, delivered: &delivered };
            match store.call_patiently(&take).await? {
                Head::Busy(wait) => {
                    delivered.clear();
                    sleep(wait.min(pause)).await;
                    pause = (pause * 2).min(LONGEST_WAIT);
                }
                Head::Parcels(parcels) if parcels.is_empty() => {
                    self.0.ahead.forget(source);
                    return Ok(());
                }
                // What was delivered is gone, there is more, and what comes meanwhile goes along.
                Head::Parcels(_) if !rest.is_zero() => {
                    delivered.clear();
                    sleep(std::mem::take(&mut rest)).await;
                }
                Head::Parcels(parcels) => {
                    let began = Instant::now();
                    let problem;
                    pause = FIRST_WAIT;
                    (delivered, problem) = self.deliver(source, &parcels).await;
                    match problem {
                        Some(error) if delivered.is_empty() => retries.wait_or(error).await?,
                        // Others go on; those that can't be reached may be back by the next time.
                        Some(_) => sleep(BREATH).await,
                        None => {
                            retries = Retries::within(store.patience());
                            if pace == Pace::Easy && !is_backlog(&parcels) {
                                rest = (began.elapsed() * 2).min(LONGEST_REST);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Hands parcels to their queues. The entries that all of theirs have, and what went wrong.
    async fn deliver(
        &self,
        source: &QueueName,
        parcels: &[Parcel],
    ) -> (Vec<String>, Option<Error>) {
        let (shares, mut missing) = share_out(parcels);
        let (mut shares, mut at_work) = (shares.into_iter(), FuturesUnordered::new());
        let mut problem = None;
        loop {
            while at_work.len() < AT_ONCE
                && let Some((to, copies)) = shares.next()
            {
                at_work.push(self.deliver_to(source, to, copies));
            }
            let Some((entries, error)) = at_work.next().await else { break };
            for entry in entries {
                if let Some(missing) = missing.get_mut(entry) {
                    *missing -= 1;
                }
            }
            problem = problem.or(error);
        }
        let delivered = missing.into_iter().filter(|(_, missing)| *missing == 0);
        (delivered.map(|(entry, _)| entry.to_owned()).collect(), problem)
    }

    /// Hands copies to one target, in order: none goes before one that could not. The entries that arrived.
    async fn deliver_to<'a>(
        &self,
        source: &QueueName,
        to: &str,
        copies: Vec<Copy<'a>>,
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
                warn!(%source, to, %error, "effects elsewhere could not be delivered; trying on");
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
        copies: &[Copy<'_>],
    ) -> Result<u64> {
        match target {
            Target::Queue(queue) => {
                self.0.store.queue(queue).call_within(ONE_QUEUE, &Apply { source, copies }).await
            }
            Target::Inbox(inbox) => {
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
fn is_backlog(parcels: &[Parcel]) -> bool {
    let bytes: usize = parcels.iter().map(|parcel| parcel.to.len() + parcel.record.len()).sum();
    parcels.len() == MOST || bytes > MAX_BYTES / 2
}

/// What each queue gets, in order, and of each entry how many queues miss it.
fn share_out(parcels: &[Parcel]) -> (BTreeMap<&str, Vec<Copy<'_>>>, HashMap<&str, usize>) {
    let mut shares: BTreeMap<&str, Vec<Copy<'_>>> = BTreeMap::new();
    let mut missing = HashMap::with_capacity(parcels.len());
    for parcel in parcels {
        let entry = parcel.entry.as_str();
        for (queue, job) in target::read(&parcel.to) {
            let copies = shares.entry(queue).or_default();
            if copies.last().is_none_or(|last| last.entry != entry) {
                *missing.entry(entry).or_default() += 1;
            }
            let record = match job.and_then(|job| Record::renamed(&parcel.record, job)) {
                Some(renamed) => Cow::Owned(renamed),
                None => Cow::Borrowed(&parcel.record[..]),
            };
            let id = target::copy_id(parcel.id.as_str(), job);
            copies.push(Copy { entry, id, priority: parcel.priority, record });
        }
    }
    (shares, missing)
}

/// The copies of each entry: they go in one call, since a queue that has taken an entry takes no more of it.
fn entries<'a, 'b>(copies: &'b [Copy<'a>]) -> impl Iterator<Item = (&'a str, &'b [Copy<'a>])> {
    let groups = copies.chunk_by(|copy, next| copy.entry == next.entry);
    groups.filter_map(|group| Some((group.first()?.entry, group)))
}

/// How many of the copies one call can carry: those of one entry at least.
fn one_call(copies: &[Copy<'_>]) -> usize {
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

/// Whether a relay leaves room for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Somebody waits for it.
    Fast,
    /// After each round without a backlog it rests twice as long as that took: a message to a hundred queues is a
    /// hundred calls, and whoever publishes meanwhile should not have to stand in line behind them. What
    /// comes in the meantime goes together.
    Easy,
}

/// One outbox being relayed in the background.
struct Shift {
    relays: Relays,
    source: QueueName,
    /// Whether it has taken itself off the list.
    ended: bool,
}

impl Shift {
    async fn work(mut self) {
        loop {
            if let Err(error) = self.relays.relay_all(&self.source, Pace::Easy).await {
                warn!(queue = %self.source, %error, "effects on other queues wait in the outbox");
                return;
            }
            let at_work = &self.relays.0.at_work;
            let mut at_work = at_work.lock().unwrap_or_else(PoisonError::into_inner);
            match at_work.get_mut(&self.source) {
                Some(more) if *more => *more = false,
                _ => {
                    // Under the same lock as the look, so that no kick falls between the two.
                    at_work.remove(&self.source);
                    self.ended = true;
                    return;
                }
            }
        }
    }
}

impl Drop for Shift {
    /// Also when its runtime ends: the next one can begin.
    fn drop(&mut self) {
        if !self.ended {
            let at_work = &self.relays.0.at_work;
            at_work.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.source);
        }
        self.relays.0.done.notify_waiters();
    }
}

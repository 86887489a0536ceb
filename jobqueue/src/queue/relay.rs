//! The relay: effects of one queue on others, from its outbox to where they go.
//!
//! At least once on the way, once where it arrives: an outbox is always read from its head and in order, so a
//! target that remembers the last entry it took knows which ones it has.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::warn;

use super::ahead::Ahead;
use crate::{
    error::{Error, Result},
    job::{Inbox, JobId, QueueName, WorkerId},
    store::{
        Retries, Store, chunks,
        outbox::{Apply, Head, Parcel, Reply, Take, Target},
    },
};

/// For how long a relay is alone at an outbox. If it dies, another goes on after that.
const ALONE: Duration = Duration::from_secs(5);

/// How many entries are relayed at once.
const MOST: usize = 500;

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
        let mut at_work = self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = at_work.get_mut(source) {
            *more = true;
            return;
        }
        at_work.insert(source.clone(), false);
        let shift = Shift { relays: self.clone(), source: source.clone(), ended: false };
        tokio::spawn(shift.work());
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
        let store = self.0.store.queue(source);
        let name = WorkerId::generate();
        let mut delivered: Vec<String> = Vec::new();
        let (mut retries, mut pause) = (Retries::within(store.patience()), FIRST_WAIT);
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
                Head::Parcels(parcels) => {
                    let problem;
                    pause = FIRST_WAIT;
                    (delivered, problem) = self.deliver(source, &parcels).await;
                    match problem {
                        Some(error) if delivered.is_empty() => retries.wait_or(error).await?,
                        _ => retries = Retries::within(store.patience()),
                    }
                }
            }
        }
    }

    /// Hands parcels to their queues. The entries that arrived, and what went wrong.
    async fn deliver(
        &self,
        source: &QueueName,
        parcels: &[Parcel],
    ) -> (Vec<String>, Option<Error>) {
        let mut targets: BTreeMap<&str, Vec<&Parcel>> = BTreeMap::new();
        for parcel in parcels {
            targets.entry(&parcel.to).or_default().push(parcel);
        }
        let all = targets.into_iter().map(|(to, parcels)| self.deliver_to(source, to, parcels));
        let (mut delivered, mut problem) = (Vec::new(), None);
        for (entries, error) in join_all(all).await {
            delivered.extend(entries);
            problem = problem.or(error);
        }
        (delivered, problem)
    }

    /// Hands parcels to one target, in order: none goes before one that could not.
    async fn deliver_to(
        &self,
        source: &QueueName,
        to: &str,
        parcels: Vec<&Parcel>,
    ) -> (Vec<String>, Option<Error>) {
        let mut delivered = Vec::new();
        let target = match Target::parse(to) {
            Ok(target) => target,
            Err(invalid) => return (delivered, Some(Error::from(invalid))),
        };
        for parcels in chunks(&parcels, |parcel| parcel.record.len() + 128) {
            if let Err(error) = self.hand_over(source, &target, parcels).await {
                warn!(%source, to, %error, "effects elsewhere could not be delivered; trying on");
                return (delivered, Some(error));
            }
            delivered.extend(parcels.iter().map(|parcel| parcel.entry.clone()));
        }
        (delivered, None)
    }

    async fn hand_over(
        &self,
        source: &QueueName,
        target: &Target,
        parcels: &[&Parcel],
    ) -> Result<u64> {
        match target {
            Target::Queue(queue) => {
                self.0.store.queue(queue).call_patiently(&Apply { source, parcels }).await
            }
            Target::Inbox(inbox) => {
                let mut replies = Vec::new();
                for parcel in parcels {
                    if !self.0.ahead.arrived(&parcel.id).await {
                        replies.push((&parcel.id, &parcel.record[..]));
                    }
                }
                if replies.is_empty() {
                    return Ok(0);
                }
                let inbox = self.0.store.queue(inbox.name());
                // Not patiently: nobody's replies wait for a node that others need not.
                inbox.call(&Reply { replies: &replies }).await
            }
        }
    }
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
            if let Err(error) = self.relays.relay(&self.source).await {
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

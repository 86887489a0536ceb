//! The relay: effects of one queue on others, from its outbox to where they go.
//!
//! At least once on the way, once where it arrives: an outbox is always read from its head and in order, so a
//! target that remembers the last entry it took knows which ones it has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tracing::warn;

use super::{deliver::is_backlog, early_reply::EarlyReplies, entry_id::EntryId, pass::Pass};
use crate::{
    error::Result,
    error_chain::chain,
    job::{JobId, QueueName, ReplyAddress, WorkerId},
    store::{
        Edge, MAX_BATCH, Retries, Store,
        outbox::{Reply, Take, TakenEntries},
    },
};

/// For how long a relay is alone at an outbox. If it dies, another goes on after that.
const LOCK_TTL: Duration = Duration::from_secs(5);

/// How many entries are relayed at once.
pub(super) const MOST: usize = MAX_BATCH;

/// For how long an outbox is tried to be let go of.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest rest of a relay between two rounds.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// The first wait before looking whether another relay is done, and the longest. Short, since callers wait for
/// their replies: what is written to the outbox after the other's last look is seen by nobody else.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The relays of a client: at most one for each outbox.
#[derive(Clone, Debug)]
pub(crate) struct Relays(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    /// Outboxes that are being relayed, and whether there is more since the last look.
    at_work: Mutex<HashMap<QueueName, bool>>,
    /// Told when one is done.
    done: Notify,
    pub(super) ahead: EarlyReplies,
}

impl Relays {
    pub(crate) fn new(store: Store) -> Self {
        let (at_work, done, ahead) = (Mutex::default(), Notify::new(), EarlyReplies::default());
        Self(Arc::new(Inner { store, at_work, done, ahead }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// What was sent without waiting for a relay.
    pub(crate) fn ahead(&self) -> &EarlyReplies {
        &self.0.ahead
    }

    /// Has a queue's outbox relayed, in the background.
    pub(crate) fn start(&self, source: &QueueName) {
        {
            let mut at_work = self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(more) = at_work.get_mut(source) {
                *more = true;
                return;
            }
            at_work.insert(source.clone(), false);
        }
        // Not under the lock: a runtime that is shut down drops the shift at once, which takes it again.
        let shift = RelayTask { relays: self.clone(), source: source.clone(), ended: false };
        tokio::spawn(shift.work());
    }

    /// Looks into a queue's outbox, and has it relayed if it holds something.
    pub(crate) async fn look_after(&self, source: &QueueName) -> Result<()> {
        if !self.is_running(source) && self.0.store.queue(source).underway().await? > 0 {
            self.start(source);
        }
        Ok(())
    }

    /// Waits until nothing of a queue is being relayed by this client, at most so long.
    pub(crate) async fn finish(&self, source: &QueueName, limit: Duration) {
        let idle = async {
            loop {
                let done = self.0.done.notified();
                if !self.is_running(source) {
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
    pub(crate) async fn reply(
        &self,
        inbox: &ReplyAddress,
        id: &JobId,
        outcome: &[u8],
    ) -> Result<()> {
        let reply = Reply { replies: &[(id, outcome)] };
        self.0.store.queue(inbox.name()).call_retrying(&reply).await.map(drop)
    }

    fn is_running(&self, source: &QueueName) -> bool {
        let at_work = self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.contains_key(source)
    }

    /// Relays what a queue's outbox holds now. What is written to it meanwhile is for others to relay.
    ///
    /// # Errors
    /// A target, or the queue itself, can't be reached or refuses.
    pub(crate) async fn relay(&self, source: &QueueName) -> Result<()> {
        let newest = self.0.store.queue(source).effect(Edge::Newest).await?;
        let until = newest.map_or(EntryId::default(), |entry| EntryId::of(&entry));
        self.relay_until(source, Pace::Fast, Some(until)).await
    }

    async fn relay_until(
        &self,
        source: &QueueName,
        pace: Pace,
        until: Option<EntryId>,
    ) -> Result<()> {
        let (store, name) = (self.0.store.queue(source), WorkerId::generate());
        let ended = self.passes(source, &name, pace, until).await;
        if ended.is_err() || until.is_some() {
            // Whoever waits for the outbox needn't wait until this relay counts as dead.
            let nothing =
                Take { name: &name, alone: LOCK_TTL, most: 0, after: None, delivered: &[] };
            let _ = store.call_within(RELEASE_TIMEOUT, &nothing).await;
        }
        ended
    }

    async fn passes(
        &self,
        source: &QueueName,
        name: &WorkerId,
        pace: Pace,
        until: Option<EntryId>,
    ) -> Result<()> {
        let store = self.0.store.queue(source);
        let is_later = |entry: &str| until.is_some_and(|until| EntryId::of(entry) > until);
        let mut delivered: Vec<String> = Vec::new();
        let (mut retries, mut pause) = (Retries::within(store.retry_timeout()), FIRST_WAIT);
        let (mut rest, mut pass) = (Duration::ZERO, Pass::begin());
        loop {
            let after = pass.after.as_deref();
            let take = Take { name, alone: LOCK_TTL, most: MOST, after, delivered: &delivered };
            match store.call_retrying(&take).await? {
                TakenEntries::Busy(wait) => {
                    delivered.clear();
                    pass = Pass::begin();
                    if until.is_some()
                        && store.effect(Edge::Oldest).await?.is_none_or(|it| is_later(&it))
                    {
                        return Ok(());
                    }
                    sleep(wait.min(pause)).await;
                    pause = (pause * 2).min(LONGEST_WAIT);
                }
                TakenEntries::Entries(entries)
                    if entries.first().is_none_or(|it| is_later(&it.entry)) =>
                {
                    if !pass.is_stuck() {
                        if entries.is_empty() {
                            self.0.ahead.forget(source);
                        }
                        return Ok(());
                    }
                    delivered.clear();
                    pass = pass.again(&mut retries).await?;
                }
                // What was delivered is gone, there is more, and what comes meanwhile goes along.
                TakenEntries::Entries(_) if !rest.is_zero() => {
                    delivered.clear();
                    sleep(std::mem::take(&mut rest)).await;
                }
                TakenEntries::Entries(entries) => {
                    let began = Instant::now();
                    pause = FIRST_WAIT;
                    delivered = self.deliver(source, &entries, &mut pass).await;
                    let is_backlog = is_backlog(&entries);
                    if !pass.is_stuck() {
                        retries = Retries::within(store.retry_timeout());
                        if pace == Pace::Easy && !is_backlog {
                            rest = (began.elapsed() * 2).min(LONGEST_REST);
                        }
                    } else if is_backlog {
                        pass.after = entries.into_iter().last().map(|last| last.entry);
                    } else {
                        pass = pass.again(&mut retries).await?;
                    }
                }
            }
        }
    }
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
struct RelayTask {
    relays: Relays,
    source: QueueName,
    /// Whether it has taken itself off the list.
    ended: bool,
}

impl RelayTask {
    async fn work(mut self) {
        loop {
            if let Err(error) = self.relays.relay_until(&self.source, Pace::Easy, None).await {
                warn!(queue = %self.source, error = %chain(&error), "effects on other queues wait in the outbox");
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

impl Drop for RelayTask {
    /// Also when its runtime ends: the next one can begin.
    fn drop(&mut self) {
        if !self.ended {
            let at_work = &self.relays.0.at_work;
            at_work.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.source);
        }
        self.relays.0.done.notify_waiters();
    }
}

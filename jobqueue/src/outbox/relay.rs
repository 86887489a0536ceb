//! The relay of one outbox: it takes entries, delivers them, and removes those that have arrived.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{entry_id::EntryId, pass::Pass, relays::Relays, shares::is_backlog};
use crate::{
    error::{Error, Result},
    job::{QueueName, WorkerId},
    store::{
        Edge, MAX_BATCH, Retries,
        outbox::{Take, TakenEntries},
    },
    task::boxed,
};

/// How long a relay's lock on an outbox lasts. If the relay dies, another one goes on after that.
const LOCK_TTL: Duration = Duration::from_secs(5);

/// How long a relay tries to release its lock.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest rest between two rounds.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// The first and the longest wait before looking whether another relay has ended. Short at first,
/// since callers wait for their replies: entries written after the other relay's last look are left
/// to this one.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl Relays {
    /// Relays the entries that a queue's outbox has now. Entries written meanwhile are left to
    /// other relays.
    ///
    /// # Errors
    /// A target, or the queue itself, can't be reached or refuses.
    pub(crate) async fn relay(&self, source: &QueueName) -> Result<()> {
        let newest = self.store().queue(source).effect(Edge::Newest).await?;
        let until = newest.map_or(EntryId::default(), |entry| EntryId::of(&entry));
        // On a task of its own: dropped half-way it would leave its lock, for which the next relay
        // would wait.
        let (relays, source) = (self.clone(), source.clone());
        let relaying = async move { relays.relay_until(&source, Pace::Fast, Some(until)).await };
        tokio::spawn(boxed(relaying)).await.unwrap_or(Err(Error::Closed))
    }

    /// Relays an outbox until it is empty, or up to and including an entry.
    pub(super) async fn relay_until(
        &self,
        source: &QueueName,
        pace: Pace,
        until: Option<EntryId>,
    ) -> Result<()> {
        let (store, name) = (self.store().queue(source), WorkerId::generate());
        let ended = self.passes(source, &name, pace, until).await;
        // So that another relay needn't wait until this one counts as dead. One in the background
        // whose targets can't be reached leaves its lock to expire: that is the pause of all
        // workers of the queue.
        if until.is_some() {
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
        let store = self.store().queue(source);
        let is_later = |entry: &str| until.is_some_and(|until| EntryId::of(entry) > until);
        let mut delivered: Vec<String> = Vec::new();
        let (mut retries, mut pause) = (Retries::within(store.retry_timeout()), FIRST_WAIT);
        let (mut rest, mut pass) = (Duration::ZERO, Pass::begin());
        loop {
            let after = pass.after.as_deref();
            let take =
                Take { name, alone: LOCK_TTL, most: MAX_BATCH, after, delivered: &delivered };
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
                            self.early_replies().forget(source);
                        }
                        return Ok(());
                    }
                    delivered.clear();
                    pass = pass.again(&mut retries).await?;
                }
                // The delivered entries are removed, there are more, and entries that come
                // meanwhile go along.
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

/// Whether a relay leaves room for other calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It doesn't: a caller waits for it.
    Fast,
    /// After each round without a backlog it rests twice as long as the round took: a message to a
    /// hundred queues is a hundred calls, and publishers should not have to wait behind all of
    /// them. Entries that come during the rest go together.
    Easy,
}

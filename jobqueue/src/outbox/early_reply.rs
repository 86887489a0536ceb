//! Replies are sent ahead of the relay: their callers wait, and order is nothing to them.
//!
//! What is sent ahead stands in the outbox too. The relay that finds it there, once it knows that it has arrived,
//! only takes it out; any other relay sends it a second time, and the caller drops one of both.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use super::relay::Relays;
use crate::{
    job::{Effect, JobId, QueueName, ReplyAddress, Target},
    store::{Store, chunks, outbox::Reply},
};

/// What becomes of replies that were sent: not known yet, or whether they have arrived.
type Arrived = Option<bool>;

/// Replies on their way, by job.
#[derive(Debug, Default)]
pub(crate) struct EarlyReplies(Mutex<HashMap<JobId, (QueueName, watch::Receiver<Arrived>)>>);

/// The most that are remembered. With more, some are sent twice.
const MOST: usize = 10_000;

impl EarlyReplies {
    /// Says that replies are being sent.
    fn begin(
        &self,
        source: &QueueName,
        ids: impl Iterator<Item = JobId>,
    ) -> watch::Sender<Arrived> {
        let (tell, arrived) = watch::channel(None);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(ids.map(|id| (id, (source.clone(), arrived.clone()))));
        if all.len() > MOST {
            all.clear();
        }
        tell
    }

    /// Whether the reply to a job was sent ahead and has arrived, as soon as that is known. Asked once.
    pub(crate) async fn arrived(&self, id: &JobId) -> bool {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let Some((_, mut arrived)) = sent else { return false };
        // Who was to tell may be gone: then nobody knows.
        let known = arrived.wait_for(Option::is_some).await;
        known.is_ok_and(|arrived| *arrived == Some(true))
    }

    /// Forgets what a queue's outbox holds no more, since another relay has taken it.
    pub(crate) fn forget(&self, source: &QueueName) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (of, arrived)| of != source || arrived.borrow().is_none());
    }
}

/// A reply: the job, and how it ended.
type Outgoing = (JobId, Vec<u8>);

impl Relays {
    /// Has a queue's outbox relayed, into which these effects were just written. Replies among them are sent at
    /// once.
    pub(crate) fn send(&self, source: &QueueName, effects: impl Iterator<Item = Effect>) {
        let mut inboxes: HashMap<ReplyAddress, Vec<Outgoing>> = HashMap::new();
        for Effect { to, id, record, .. } in effects {
            if let Target::ReplyAddress(inbox) = to {
                inboxes.entry(inbox).or_default().push((id, record));
            }
        }
        for (inbox, replies) in inboxes {
            let tell = self.ahead().begin(source, replies.iter().map(|(id, _)| id.clone()));
            let store = self.store().clone();
            tokio::spawn(async move {
                tell.send_replace(Some(deliver(&store, &inbox, &replies).await));
            });
        }
        self.start(source);
    }
}

/// Whether all have arrived.
async fn deliver(store: &Store, inbox: &ReplyAddress, replies: &[Outgoing]) -> bool {
    let store = store.queue(inbox.name());
    for replies in chunks(replies, |(_, outcome)| outcome.len() + 64) {
        let replies: Vec<_> = replies.iter().map(|(id, outcome)| (id, &outcome[..])).collect();
        // Once: whatever goes wrong here, the relay puts right.
        if store.call(&Reply { replies: &replies }).await.is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_arrived_is_known_once() {
        let (ahead, source) = (EarlyReplies::default(), "orders".parse().expect("a good name"));
        let ids: Vec<JobId> = (0..4).map(|_| JobId::generate()).collect();
        let tell = ahead.begin(&source, ids[..2].iter().cloned());
        let gone = ahead.begin(&source, ids[2..3].iter().cloned());
        drop(gone);
        tell.send_replace(Some(true));
        assert!(ahead.arrived(&ids[0]).await);
        assert!(!ahead.arrived(&ids[0]).await, "asked a second time");
        assert!(!ahead.arrived(&ids[2]).await, "nobody could say");
        assert!(!ahead.arrived(&ids[3]).await, "never sent");
        ahead.forget(&source);
        assert!(!ahead.arrived(&ids[1]).await, "forgotten");
    }
}

//! Sending replies before a relay does: their callers wait, and their order doesn't matter.

use std::collections::HashMap;

use super::relays::Relays;
use crate::{
    error::Result,
    hashing::RandomState,
    job::{Effect, JobId, QueueName, ReplyAddress, Target},
    store::{Store, chunks, outbox::Reply},
    task::boxed,
};

/// A reply: the job and its outcome.
type Outgoing = (JobId, Vec<u8>);

impl Relays {
    /// Relays a queue's outbox, to which these effects were just written. Replies among them are
    /// sent at once.
    pub(crate) fn send(&self, source: &QueueName, effects: impl Iterator<Item = Effect>) {
        let mut inboxes: HashMap<QueueName, Vec<Outgoing>, RandomState> = HashMap::default();
        for Effect { to, id, record, .. } in effects {
            if let Target::ReplyAddress(ReplyAddress::Inbox(inbox)) = to {
                inboxes.entry(inbox).or_default().push((id, record));
            }
        }
        for (inbox, replies) in inboxes {
            let ids = replies.iter().map(|(id, _)| id.clone());
            let arrived = self.early_replies().begin(source, ids);
            let store = self.store().clone();
            tokio::spawn(boxed(async move {
                arrived.send_replace(Some(deliver(&store, &inbox, &replies).await));
            }));
        }
        self.start(source);
    }

    /// Sends one reply that is in no outbox.
    ///
    /// # Errors
    /// The inbox, or the flow's home, can't be reached.
    pub(crate) async fn reply(&self, to: &ReplyAddress, id: &JobId, outcome: &[u8]) -> Result<()> {
        match to {
            ReplyAddress::Inbox(inbox) => {
                let reply = Reply { replies: &[(id, outcome)] };
                self.store().queue(inbox).call_retrying(&reply).await.map(drop)
            }
            ReplyAddress::Flow(home) => self.note_ends(home, &[(id, outcome)]).await,
        }
    }
}

/// Whether all have arrived.
async fn deliver(store: &Store, inbox: &QueueName, replies: &[Outgoing]) -> bool {
    let store = store.queue(inbox);
    for replies in chunks(replies, |(_, outcome)| outcome.len() + 64) {
        let replies: Vec<_> = replies.iter().map(|(id, outcome)| (id, &outcome[..])).collect();
        // Tried once: the relay sends again what fails here.
        if store.call(&Reply { replies: &replies }).await.is_err() {
            return false;
        }
    }
    true
}

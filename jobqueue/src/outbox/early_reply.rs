//! Replies that are sent before a relay finds them in the outbox.
//!
//! An early reply is in the outbox too. The relay of the process that sent it only removes it
//! there, once it knows that it has arrived; any other relay sends it a second time, and the caller
//! drops one of the two.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::job::{JobId, QueueName};

/// Whether replies that were sent have arrived; none while that isn't known.
type Arrived = Option<bool>;

/// Replies in flight, by job.
#[derive(Debug, Default)]
pub(super) struct EarlyReplies(Mutex<HashMap<JobId, (QueueName, watch::Receiver<Arrived>)>>);

/// The most replies that are remembered. With more, some are sent twice.
const MOST: usize = 10_000;

impl EarlyReplies {
    /// Says that replies are being sent.
    pub(super) fn begin(
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

    /// Whether the reply to a job was sent early and has arrived, as soon as that is known. A
    /// second question gets no as its answer.
    pub(super) async fn arrived(&self, id: &JobId) -> bool {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let Some((_, mut arrived)) = sent else { return false };
        // The sender may be gone, with its runtime: then it is sent again.
        let known = arrived.wait_for(Option::is_some).await;
        known.is_ok_and(|arrived| *arrived == Some(true))
    }

    /// Forgets replies that are no longer in a queue's outbox, since another relay has taken them.
    pub(super) fn forget(&self, source: &QueueName) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (of, arrived)| of != source || arrived.borrow().is_none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_arrival_is_known_once() {
        let (early, source) = (EarlyReplies::default(), "orders".parse().expect("a good name"));
        let ids: Vec<JobId> = (0..4).map(|_| JobId::generate()).collect();
        let tell = early.begin(&source, ids[..2].iter().cloned());
        let gone = early.begin(&source, ids[2..3].iter().cloned());
        drop(gone);
        tell.send_replace(Some(true));
        assert!(early.arrived(&ids[0]).await);
        assert!(!early.arrived(&ids[0]).await, "asked a second time");
        assert!(!early.arrived(&ids[2]).await, "its sender is gone");
        assert!(!early.arrived(&ids[3]).await, "never sent");
        early.forget(&source);
        assert!(!early.arrived(&ids[1]).await, "forgotten");
        let failed = early.begin(&source, ids[3..].iter().cloned());
        failed.send_replace(Some(false));
        assert!(!early.arrived(&ids[3]).await, "the relay sends it again");
    }
}

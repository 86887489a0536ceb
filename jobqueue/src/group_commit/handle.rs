//! The side of a group commit that callers hold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    flusher::{Flusher, Request},
    sink::Sink,
};
use crate::{
    error::{Error, Result},
    store::{MAX_BATCH, deadline_after},
    task::boxed,
};

/// How many requests may wait in the channel before further ones wait to get in.
const INBOX: usize = 4 * MAX_BATCH;

/// How long a caller waits for the background task beyond the time of its request. The task answers
/// in time if anything drives it; a runtime may also be there, and stand still.
const GRACE: Duration = Duration::from_secs(1);

/// A way to send requests through one group commit. Cheap to clone.
#[derive(Debug)]
pub(crate) struct GroupCommit<S: Sink> {
    inbox: mpsc::Sender<Request<S>>,
    flusher: Arc<Flusher<S>>,
    retry_timeout: Duration,
    /// How long one call may take, whatever the retry timeout.
    call_limit: Duration,
    /// The background task has left a request unanswered.
    stands_still: Arc<AtomicBool>,
}

impl<S: Sink> Clone for GroupCommit<S> {
    fn clone(&self) -> Self {
        let Self { inbox, flusher, stands_still, .. } = self;
        let (inbox, flusher) = (inbox.clone(), flusher.clone());
        Self { inbox, flusher, stands_still: stands_still.clone(), ..*self }
    }
}

impl<S: Sink> GroupCommit<S> {
    /// Starts the background task on the runtime of the caller.
    pub(crate) fn spawn(sink: S) -> Self {
        let (inbox, requests) = mpsc::channel(INBOX);
        let (retry_timeout, call_limit) = (sink.retry_timeout(), sink.call_limit());
        let flusher = Arc::new(Flusher::new(sink));
        tokio::spawn(boxed(Arc::clone(&flusher).run(requests)));
        Self { inbox, flusher, retry_timeout, call_limit, stands_still: Arc::default() }
    }

    /// Whether the background task has ended, with the runtime it ran on, or that stands still.
    pub(super) fn is_closed(&self) -> bool {
        self.inbox.is_closed() || self.stands_still.load(Ordering::Relaxed)
    }

    /// Whether anyone but the map of all group commits holds it. Requests that have been handed
    /// over are answered even if not: the background task ends after them.
    pub(super) fn is_used(&self) -> bool {
        self.inbox.strong_count() > 1
    }

    /// Sends items, at most one call's worth, all or none.
    pub(crate) async fn send(&self, items: Vec<S::Item>) -> Result<S::Answer> {
        if items.is_empty() {
            return Ok(S::Answer::default());
        }
        let deadline = deadline_after(self.retry_timeout);
        if S::RULES.own_calls
            && self.is_inbox_empty()
            && let Some(_in_flight) = self.flusher.begin_own_call()
        {
            // Boxed, so that callers who wait for others don't carry the state of a call along.
            return Box::pin(self.flusher.send_own(&items, deadline)).await;
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { items, deadline, reply };
        match timeout_at(deadline, self.inbox.send(request)).await {
            Ok(Ok(())) => self.answer(answer, deadline).await,
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => Err(self.flusher.too_late()),
        }
    }

    /// The answer of the background task. Once the deadline is over it sends nothing any more, so
    /// what comes later than a call may take never comes.
    async fn answer(
        &self,
        answer: oneshot::Receiver<Result<S::Answer>>,
        deadline: Instant,
    ) -> Result<S::Answer> {
        let last = deadline.max(deadline_after(self.call_limit)) + GRACE;
        match timeout_at(last, answer).await {
            Ok(answer) => answer.unwrap_or(Err(Error::Closed)),
            Err(_) => {
                // The next request gets a task of its own runtime.
                self.stands_still.store(true, Ordering::Relaxed);
                Err(self.flusher.not_driven())
            }
        }
    }

    /// Whether the background task has fetched all requests, so that an own call overtakes none.
    fn is_inbox_empty(&self) -> bool {
        self.inbox.capacity() == self.inbox.max_capacity()
    }
}

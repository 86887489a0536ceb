//! The background task of a group commit.

use std::{mem, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{Mutex, MutexGuard, mpsc, oneshot},
    task::yield_now,
    time::{Instant, timeout},
};

use super::sink::Sink;
use crate::{
    error::{Error, Result},
    store::{MAX_BATCH, MAX_BYTES},
};

/// How long the background task waits for a call that a caller makes itself, so that more requests
/// can ride along. No longer: the caller's future may be one that is kept and not polled.
pub(super) const OWN_CALL_WAIT: Duration = Duration::from_millis(10);

/// Items that are sent together or not at all.
#[derive(Debug)]
pub(super) struct Request<S: Sink> {
    pub(super) items: Vec<S::Item>,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<S::Answer>>,
}

/// Sends requests in calls, one at a time, or two if many wait and the sink allows it.
#[derive(Debug)]
pub(super) struct Flusher<S> {
    sink: S,
    /// Held during a call. Only the size of batches depends on it.
    in_flight: Mutex<()>,
}

impl<S: Sink> Flusher<S> {
    pub(super) fn new(sink: S) -> Self {
        Self { sink, in_flight: Mutex::default() }
    }

    /// The error of a request whose deadline passed before a call could take it.
    pub(super) fn too_late(&self) -> Error {
        Error::unavailable(self.sink.operation(), "earlier requests still wait for an answer")
    }

    /// The error of a request that the background task hasn't answered.
    pub(super) fn not_driven(&self) -> Error {
        let problem = "the task that sends them makes no progress: is the runtime in which this client was first used still driven?";
        Error::unavailable(self.sink.operation(), problem)
    }

    /// The right of a caller to send its own request; none while another call is in flight.
    pub(super) fn begin_own_call(&self) -> Option<MutexGuard<'_, ()>> {
        self.in_flight.try_lock().ok()
    }

    /// Sends a caller's own request.
    pub(super) async fn send_own(&self, items: &[S::Item], deadline: Instant) -> Result<S::Answer> {
        self.sink.send(items, deadline, false).await
    }

    /// Ends when all handles are gone.
    pub(super) async fn run(self: Arc<Self>, mut inbox: mpsc::Receiver<Request<S>>) {
        let mut requests = Vec::with_capacity(MAX_BATCH);
        let mut calls = FuturesUnordered::new();
        // Kept after a call for many: they most likely come again, and the first of them should not
        // go ahead alone.
        let mut in_flight = None;
        while inbox.recv_many(&mut requests, MAX_BATCH).await > 0 {
            let held = match in_flight.take() {
                None if S::RULES.own_calls => {
                    timeout(OWN_CALL_WAIT, self.in_flight.lock()).await.ok()
                }
                held => held,
            };
            let mut many = false;
            loop {
                fill(&mut requests, &mut inbox);
                while may_go(calls.len(), &requests) {
                    let rest = requests.split_off(one_call(&self.sink, &requests));
                    many = requests.len() > 1;
                    calls.push(self.deliver(mem::replace(&mut requests, rest)));
                    fill(&mut requests, &mut inbox);
                }
                if calls.next().await.is_none() {
                    break;
                }
                if many {
                    // A caller that just got its answer may have more to send; it goes along.
                    yield_now().await;
                }
            }
            in_flight = held.filter(|_| many);
        }
    }

    /// Sends requests in one call, and answers each.
    async fn deliver(&self, mut requests: Vec<Request<S>>) {
        let now = Instant::now();
        for late in requests.extract_if(.., |request| request.deadline < now) {
            let _ = late.reply.send(Err(self.too_late()));
        }
        let Some(deadline) = requests.iter().map(|request| request.deadline).min() else { return };
        let sizes: Vec<usize> = requests.iter().map(|request| request.items.len()).collect();
        let items: Vec<S::Item> =
            requests.iter_mut().flat_map(|request| mem::take(&mut request.items)).collect();
        match self.sink.send(&items, deadline, false).await {
            Ok(answer) => {
                for (request, own) in requests.into_iter().zip(S::split(answer, sizes.into_iter()))
                {
                    let _ = request.reply.send(Ok(own));
                }
            }
            Err(error) if requests.len() > 1 && S::is_retried_alone(&error) => {
                let mut items = items.as_slice();
                for (request, size) in requests.into_iter().zip(sizes) {
                    let (own, rest) = items.split_at(size);
                    // The refused call may have brought some of them to another place.
                    let answer = self.sink.send(own, request.deadline, true).await;
                    let _ = request.reply.send(answer);
                    items = rest;
                }
            }
            Err(error) => {
                for request in requests {
                    let _ = request.reply.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Takes the requests that have come meanwhile.
fn fill<S: Sink>(requests: &mut Vec<Request<S>>, inbox: &mut mpsc::Receiver<Request<S>>) {
    while requests.len() < MAX_BATCH
        && let Ok(request) = inbox.try_recv()
    {
        requests.push(request);
    }
}

/// Whether these requests may go while `calls` calls are in flight.
fn may_go<S: Sink>(calls: usize, requests: &[Request<S>]) -> bool {
    match (calls, S::RULES.second_call) {
        (0, _) => !requests.is_empty(),
        (1, Some(items)) => {
            requests.iter().map(|request| request.items.len()).sum::<usize>() >= items
        }
        _ => false,
    }
}

/// How many of the requests one call can carry: at least one.
fn one_call<S: Sink>(sink: &S, requests: &[Request<S>]) -> usize {
    let (mut items, mut bytes) = (0, 0);
    let fits = requests.iter().take_while(|request| {
        items += request.items.len();
        bytes += sink.size(&request.items);
        items <= S::RULES.shared_call && bytes <= MAX_BYTES
    });
    fits.count().max(1)
}

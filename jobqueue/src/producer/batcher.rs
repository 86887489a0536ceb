//! Group commit: while one call to Redis is on its way, whatever is added meanwhile gathers, and the
//! next call takes all of it. Idle, a batch of one goes at once; under load batches are large. No timer,
//! no added latency. What gathers may become a large batch by itself: that one follows the first at once.
//!
//! What comes while nothing is on its way is sent by its own task, without a stop at another's. All else
//! goes by a courier's, so that nobody works for others, and nobody waits for one who was dropped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};

use super::overflow::{OverflowHandler, SplitPlan};
use crate::{
    error::{Error, Operation, Refused, Result},
    job::QueueName,
    outbox::Relays,
    store::{
        Durability, MAX_BATCH, MAX_BYTES, QueueStore, Retries, deadline_after,
        job::{Add, Added, Duplicates, Instead, NewJob},
    },
};

/// How many adds may wait for their turn before further ones wait to be taken in.
const INBOX: usize = 4 * MAX_BATCH;

/// How many jobs of several adds one call carries: half of what it could. While Redis works on one half of a
/// crowd, the other hears of its jobs and adds again; with all in one call, either would wait.
const SHARED_CALL: usize = MAX_BATCH / 2;

/// So many jobs don't wait for the call that is on its way. The fixed cost of a call, some ten jobs' worth, counts
/// for little among them; and with a second call at its door Redis has no pause after the first.
const SECOND_CALL: usize = SHARED_CALL / 5;

/// How long the courier waits for a call that another task makes, so that more can ride along. Not longer:
/// that task's future may be one that is kept and not polled.
const OWN_CALL_WAIT: Duration = Duration::from_millis(10);

/// The batchers of a client, one for each queue and kind of durability in use.
#[derive(Debug, Default)]
pub(crate) struct Batchers(Mutex<HashMap<(QueueName, Durability), Batcher, RandomState>>);

impl Batchers {
    pub(crate) fn get(
        &self,
        store: &QueueStore,
        durability: Durability,
        relays: &Relays,
    ) -> Batcher {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (store.name().clone(), durability);
        if let Some(batcher) = all.get(&key)
            && !batcher.inbox.is_closed()
        {
            return batcher.clone();
        }
        // First use; or the runtime that the task ran on has been shut down.
        let batcher = Batcher::spawn(store, durability, relays);
        all.insert(key, batcher.clone());
        batcher
    }
}

/// The way into one batcher.
#[derive(Clone, Debug)]
pub(crate) struct Batcher {
    inbox: mpsc::Sender<AddRequest>,
    flusher: Arc<Flusher>,
    retry_timeout: Duration,
}

/// Jobs that are added together or not at all.
#[derive(Debug)]
struct AddRequest {
    jobs: Vec<NewJob>,
    deadline: Instant,
    reply: oneshot::Sender<Result<Duplicates>>,
}

impl Batcher {
    fn spawn(store: &QueueStore, durability: Durability, relays: &Relays) -> Self {
        let (inbox, requests) = mpsc::channel(INBOX);
        let own = store.for_durability(durability);
        let retry_timeout = store.retry_timeout();
        let overflow_handler = OverflowHandler { store: store.clone(), relays: relays.clone() };
        let flusher = Arc::new(Flusher {
            store: own,
            durability,
            overflow_handler,
            in_flight: AsyncMutex::default(),
        });
        tokio::spawn(Arc::clone(&flusher).run(requests));
        Self { inbox, flusher, retry_timeout }
    }

    /// Adds jobs, at most one call's worth, all or none.
    pub(crate) async fn add(&self, jobs: Vec<NewJob>) -> Result<Duplicates> {
        if jobs.is_empty() {
            return Ok(Duplicates::new());
        }
        let deadline = deadline_after(self.retry_timeout);
        if self.nobody_waits()
            && let Ok(_road) = self.flusher.in_flight.try_lock()
        {
            // In a box, so that those who wait for others don't carry a call along.
            return Box::pin(self.flusher.send(&jobs, deadline, false)).await;
        }
        let (reply, answer) = oneshot::channel();
        let request = AddRequest { jobs, deadline, reply };
        match timeout_at(deadline, self.inbox.send(request)).await {
            Ok(Ok(())) => answer.await.unwrap_or(Err(Error::Closed)),
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => Err(too_late()),
        }
    }

    /// Whether no parcel was handed in that the courier has yet to fetch: none is overtaken.
    fn nobody_waits(&self) -> bool {
        self.inbox.capacity() == self.inbox.max_capacity()
    }
}

fn too_late() -> Error {
    Error::unavailable(Operation::new("add jobs"), "earlier adds still wait for an answer")
}

/// Carries parcels to Redis, in one call at a time, or two if there are many.
#[derive(Debug)]
struct Flusher {
    store: QueueStore,
    durability: Durability,
    /// Held by whoever makes a call. Nothing but the size of batches hangs on it.
    in_flight: AsyncMutex<()>,
    /// Where what doesn't fit goes, if the queue says so.
    overflow_handler: OverflowHandler,
}

impl Flusher {
    /// Ends when the client, and with it every sender, is gone.
    async fn run(self: Arc<Self>, mut inbox: mpsc::Receiver<AddRequest>) {
        let mut requests = Vec::with_capacity(MAX_BATCH);
        let mut calls = FuturesUnordered::new();
        // Kept after a call for many: they come again, most likely, and the first of them is not to go
        // ahead alone.
        let mut in_flight = None;
        while inbox.recv_many(&mut requests, MAX_BATCH).await > 0 {
            let held = match in_flight.take() {
                Some(held) => Some(held),
                None => timeout(OWN_CALL_WAIT, self.in_flight.lock()).await.ok(),
            };
            let mut many = false;
            loop {
                fill(&mut requests, &mut inbox);
                while may_go(calls.len(), &requests) {
                    let rest = requests.split_off(one_call(&requests));
                    many = requests.len() > 1;
                    calls.push(self.deliver(std::mem::replace(&mut requests, rest)));
                    fill(&mut requests, &mut inbox);
                }
                if calls.next().await.is_none() {
                    break;
                }
                if many {
                    // Whoever has just heard may have more to add; it goes along.
                    yield_now().await;
                }
            }
            in_flight = held.filter(|_| many);
        }
    }

    /// Sends parcels in one call; one by one if together they don't fit into the queue, since some may.
    async fn deliver(&self, mut requests: Vec<AddRequest>) {
        let now = Instant::now();
        for late in requests.extract_if(.., |request| request.deadline < now) {
            let _ = late.reply.send(Err(too_late()));
        }
        let Some(deadline) = requests.iter().map(|request| request.deadline).min() else { return };
        let sizes: Vec<usize> = requests.iter().map(|request| request.jobs.len()).collect();
        let jobs: Vec<NewJob> =
            requests.iter_mut().flat_map(|request| std::mem::take(&mut request.jobs)).collect();
        match self.send(&jobs, deadline, false).await {
            Err(Error::Refused(Refused::QueueFull { .. })) if requests.len() > 1 => {
                let mut jobs = jobs.as_slice();
                for (request, size) in requests.into_iter().zip(sizes) {
                    let (own, rest) = jobs.split_at(size);
                    // A queue with another way to overflow may have taken some of them.
                    let answer = self.send(own, request.deadline, true).await;
                    let _ = request.reply.send(answer);
                    jobs = rest;
                }
            }
            Err(error) => {
                for request in requests {
                    let _ = request.reply.send(Err(error.clone()));
                }
            }
            Ok(duplicates) => share_out(requests, &sizes, &duplicates),
        }
    }

    /// One call, or more if the jobs don't fit and the queue says what becomes of them.
    async fn send(&self, jobs: &[NewJob], deadline: Instant, again: bool) -> Result<Duplicates> {
        let (mut plan, mut duplicates) = (SplitPlan::whole(jobs), Duplicates::new());
        while let Some(part) = plan.next() {
            match self.call(jobs.get(part.clone()).unwrap_or_default(), deadline, again).await? {
                Added::All(found) => {
                    duplicates.extend(
                        found.into_iter().map(|(index, duplicate)| (part.start + index, duplicate)),
                    );
                }
                Added::Full(full) => {
                    // Rare, and large: not in every batch's way.
                    let away = self.overflow_handler.overflow(jobs, part, &full, &mut plan);
                    duplicates.extend(Box::pin(away).await?);
                }
            }
        }
        Ok(duplicates)
    }

    /// One call, repeated as a resend until Redis answers or the deadline has passed.
    async fn call(&self, jobs: &[NewJob], deadline: Instant, again: bool) -> Result<Added> {
        let mut retries = Retries::until(deadline);
        let mut add = Add { jobs, resend: again };
        loop {
            match self.store.add_durably(&add, self.durability).await {
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    add.resend = true;
                }
                Ok(Added::All(mut duplicates)) if add.resend => {
                    // Found under its own id, a job was added by an earlier try.
                    duplicates.retain(|(index, duplicate)| {
                        let own = |job: &NewJob| *duplicate == Instead::Duplicate(job.id.clone());
                        jobs.get(*index).is_none_or(|job| job.chosen_id || !own(job))
                    });
                    return Ok(Added::All(duplicates));
                }
                answer => return answer,
            }
        }
    }
}

/// Lets what has come meanwhile ride along.
fn fill(requests: &mut Vec<AddRequest>, inbox: &mut mpsc::Receiver<AddRequest>) {
    while requests.len() < MAX_BATCH
        && let Ok(request) = inbox.try_recv()
    {
        requests.push(request);
    }
}

/// Whether there is something to send while so many calls are on their way.
fn may_go(calls: usize, requests: &[AddRequest]) -> bool {
    match calls {
        0 => !requests.is_empty(),
        1 => requests.iter().map(|request| request.jobs.len()).sum::<usize>() >= SECOND_CALL,
        _ => false,
    }
}

/// How many of the parcels one call can carry: at least one.
fn one_call(requests: &[AddRequest]) -> usize {
    let (mut jobs, mut bytes) = (0, 0);
    let fits = requests.iter().take_while(|request| {
        jobs += request.jobs.len();
        bytes += request.jobs.iter().map(NewJob::size).sum::<usize>();
        jobs <= SHARED_CALL && bytes <= MAX_BYTES
    });
    fits.count().max(1)
}

/// Gives each parcel the twins among its own jobs, counted from its first.
fn share_out(requests: Vec<AddRequest>, sizes: &[usize], duplicates: &Duplicates) {
    let mut start = 0;
    for (request, size) in requests.into_iter().zip(sizes) {
        let own = duplicates
            .iter()
            .filter(|(index, _)| (start..start + size).contains(index))
            .map(|(index, id)| (index - start, id.clone()))
            .collect();
        start += size;
        let _ = request.reply.send(Ok(own));
    }
}
